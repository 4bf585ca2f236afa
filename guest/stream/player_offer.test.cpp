#include "guest/stream/player_offer.hpp"

#include <catch2/catch.hpp>

using namespace aerie::stream;

namespace {

const std::vector<Codec> both{Codec::h264, Codec::vp8};

/// As browsers offer it, abridged: audio first, which gives the bundle its transport.
const std::string offered =
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE a v\r\n"
    "a=extmap-allow-mixed\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:tagged\r\n"
    "a=ice-pwd:password\r\na=fingerprint:sha-256 AA\r\na=setup:actpass\r\na=mid:a\r\n"
    "a=recvonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
    "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\n"
    "a=candidate:2 1 udp 1 0b8a.local 5001 typ host\r\n"
    "a=candidate:3 1 tcp 1 192.0.2.1 9 typ host tcptype active\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 108 109 45\r\nc=IN IP4 0.0.0.0\r\n"
    "a=ice-ufrag:other\r\na=ice-pwd:password\r\na=fingerprint:sha-256 AA\r\na=setup:actpass\r\n"
    "a=mid:v\r\na=extmap:1 urn:ietf:params:rtp-hdrext:toffset\r\n"
    "a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
    "a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\r\n"
    "a=recvonly\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:96 VP8/90000\r\n"
    "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=rtpmap:102 H264/90000\r\n"
    "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f\r\n"
    "a=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102\r\na=rtpmap:108 H264/90000\r\n"
    "a=rtcp-fb:108 goog-remb\r\na=rtcp-fb:108 nack pli\r\n"
    "a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
    "a=rtpmap:109 rtx/90000\r\na=fmtp:109 apt=108\r\na=rtpmap:45 AV1/90000\r\n";

std::string without(std::string text, const std::string& part) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part))
    text.erase(at, part.size());
  return text;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

}  // namespace

TEST_CASE("an offer is answered in the best codec that it has", "[stream][player]") {
  const auto video = [](const std::string& sdp, const std::vector<Codec>& codecs) {
    const auto offer = PlayerOffer::parse(sdp, codecs);
    REQUIRE(offer);
    return offer->video();
  };
  CHECK(video(offered, both).codec == Codec::h264);
  CHECK(video(offered, both).payload == 108);
  CHECK(video(offered, both).playout_id == 5);
  CHECK(video(offered, both).transport_cc_id == 4);
  CHECK(video(replaced(offered, "42e01f", "64001f"), both).payload == 102);
  CHECK(video(replaced(offered, "packetization-mode=1", "packetization-mode=0"), both).codec ==
        Codec::vp8);
  CHECK(video(offered, {Codec::vp8}).payload == 96);
  CHECK(video(replaced(offered, "\r\n", "\n"), both).payload == 108);
  CHECK(video(replaced(offered, "a=recvonly", "a=sendrecv"), both).payload == 108);
}

TEST_CASE("an offer that can't be answered is refused with a reason", "[stream][player]") {
  const auto reason = [](const std::string& sdp) {
    const auto offer = PlayerOffer::parse(sdp, both);
    REQUIRE_FALSE(offer);
    return offer.error();
  };
  for (const auto* text : {"", "v=0", "v=0\r\n", "nonsense", "v=0\r\nm=audio 9 X 0\r\nx",
                           "s=-\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n", "m=video 9 X 96"})
    CHECK_THAT(reason(text), Catch::Contains("no session description"));
  std::string many = "v=0\r\n";
  for (int i = 0; i < 17; ++i)
    many += "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n";
  CHECK_THAT(reason(many), Catch::Contains("1 to 16 media"));
  for (const auto& sdp :
       {offered.substr(0, offered.find("m=video")), replaced(offered, "a=recvonly", "a=sendonly"),
        replaced(offered, "a=recvonly", "a=inactive"),
        replaced(replaced(offered, "H264", "H265"), "VP8", "VP9"),
        std::string{"v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF\r\n"},
        std::string{"v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 999 x -1\r\na=rtpmap:999 VP8/90000\r\n"}})
    CHECK_THAT(reason(sdp), Catch::Contains("no video in a codec of ours"));
}

TEST_CASE("webrtcbin is given the video alone, on the bundle's transport", "[stream][player]") {
  const auto offer = PlayerOffer::parse(offered, both);
  REQUIRE(offer);
  const auto& text = offer->reduced();
  CHECK_THAT(text, Catch::Contains("m=video 9 UDP/TLS/RTP/SAVPF 108 109\r\n"));
  CHECK_THAT(text, Catch::Contains("a=group:BUNDLE v\r\n"));
  CHECK_THAT(text, Catch::Contains("a=ice-ufrag:tagged\r\n"));
  CHECK_THAT(text, Catch::Contains("a=rtcp-fb:108 nack pli\r\n"));
  CHECK(offer->candidates() ==
        std::vector<std::string>{"candidate:1 1 udp 1 192.0.2.1 5000 typ host"});
  for (const auto* gone :
       {"m=audio", "other", "candidate", "toffset", "goog-remb", "VP8", "AV1", "fmtp:102"})
    CHECK_THAT(text, !Catch::Contains(gone));
  CHECK_THAT(without(text, "a=rtcp-mux"), Catch::Contains("a=fmtp:109 apt=108\r\n"));
  const auto alone = PlayerOffer::parse(without(offered, "a=group:BUNDLE a v\r\n"), both);
  REQUIRE(alone);
  CHECK_THAT(alone->reduced(), Catch::Contains("a=ice-ufrag:other\r\n"));
  CHECK(alone->candidates().empty());
}

TEST_CASE("the answer has every medium of the offer, and all candidates", "[stream][player]") {
  const std::string own =
      "v=0\r\no=- 7 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE v\r\n"
      "m=video 9 UDP/TLS/RTP/SAVPF 108\r\na=mid:v\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\n"
      "a=fingerprint:sha-256 BB\r\na=setup:active\r\na=ssrc-group:FID 0 7\r\na=ssrc:7 cname:c\r\n"
      "a=sendonly\r\n";
  const std::vector<std::string> candidates{"candidate:1 1 UDP 1 10.77.0.2 4000 typ host"};
  const std::string transport =
      "a=ice-ufrag:u\r\na=ice-pwd:p\r\na=fingerprint:sha-256 BB\r\na=setup:active\r\n"
      "a=candidate:1 1 UDP 1 10.77.0.2 4000 typ host\r\na=end-of-candidates\r\n";
  SECTION("what shares the transport is inactive") {
    const auto offer = PlayerOffer::parse(offered, both);
    const auto text = offer->answer(own, candidates);
    CHECK_THAT(text, Catch::Contains("a=group:BUNDLE a v\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"));
    CHECK_THAT(text, Catch::Contains("a=inactive\r\na=mid:a\r\na=rtpmap:111 opus/48000/2\r\n"
                                     "a=rtcp-mux\r\n" +
                                     transport + "m=video 9 UDP/TLS/RTP/SAVPF 108\r\n"));
    CHECK_THAT(text, !Catch::Contains("a=ssrc-group"));
    CHECK_THAT(text, !Catch::Contains("a=ssrc:7 "));
    const auto ssrc = std::to_string(offer->video().ssrc);
    CHECK_THAT(text, Catch::EndsWith("a=candidate:1 1 UDP 1 10.77.0.2 4000 typ host\r\n"
                                     "a=end-of-candidates\r\na=fmtp:108 level-asymmetry-allowed=1;"
                                     "packetization-mode=1;profile-level-id=42e01f\r\n"
                                     "a=msid:aerie screen\r\na=ssrc:" +
                                     ssrc + " cname:aerie\r\n"));
  }
  SECTION("what does not is rejected") {
    const auto text = PlayerOffer::parse(without(offered, "a=group:BUNDLE a v\r\n"), both)
                          ->answer(own, candidates);
    CHECK_THAT(text, Catch::Contains("m=audio 0 UDP/TLS/RTP/SAVPF 111\r\n"));
    CHECK_THAT(text, !Catch::Contains("BUNDLE"));
  }
  SECTION("data channels are rejected") {
    const auto sdp = replaced(offered, "BUNDLE a v", "BUNDLE a v d") +
                     "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\n";
    const auto text = PlayerOffer::parse(sdp, both)->answer(own, candidates);
    CHECK_THAT(text, Catch::Contains("a=group:BUNDLE a v\r\n"));
    CHECK_THAT(text, Catch::Contains("m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
  }
}
