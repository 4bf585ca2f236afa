#include "guest/stream/probe/ice_probe.hpp"

#include <catch2/catch.hpp>

using namespace aerie::stream;
using aerie::Json;

namespace {

constexpr auto udp = "candidate:1 1 UDP 2113937151 192.0.2.7 50000 typ host";
constexpr auto tcp = "candidate:2 1 TCP 1015021823 192.0.2.7 9 typ host tcptype active";
constexpr auto hidden = "candidate:3 1 udp 2113937151 5b4c-1.local 50001 typ host";
constexpr auto outside =
    "candidate:4 1 udp 1677721855 198.51.100.4 50002 typ srflx raddr 0.0.0.0 rport 0";

std::string description() {
  return std::string{
             "v=0\r\no=- 1 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
             "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"} +
         "a=" + udp + "\r\na=" + tcp + "\r\na=" + hidden + "\r\na=mid:0\r\na=end-of-candidates\r\n";
}

}  // namespace

TEST_CASE("one transport is tried at a time, and no name", "[probe]") {
  CHECK(is_over(Transport::udp, udp));
  CHECK(is_over(Transport::tcp, tcp));
  CHECK_FALSE(is_over(Transport::udp, tcp));
  CHECK_FALSE(is_over(Transport::udp, hidden));
  CHECK_FALSE(is_over(Transport::udp, "candidate:1 1 udp"));
  const auto left = with_candidates_over(Transport::tcp, description());
  CHECK(left.find(tcp) != std::string::npos);
  CHECK(left.find(udp) == std::string::npos);
  CHECK(left.find(hidden) == std::string::npos);
  CHECK(left.find("a=mid:0\r\n") != std::string::npos);
}

TEST_CASE("an answer has all of its candidates, and no others", "[probe]") {
  const auto answer = with_candidates(description(), {outside});
  CHECK(answer.find(udp) == std::string::npos);
  CHECK(answer.ends_with(std::string{"a=mid:0\r\na="} + outside + "\r\na=end-of-candidates\r\n"));
}

TEST_CASE("a host's candidate is known elsewhere by another address", "[probe]") {
  CHECK(at_address(udp, "203.0.113.1") ==
        "candidate:1 1 UDP 2113937151 203.0.113.1 50000 typ host");
  CHECK(at_address(outside, "203.0.113.1").empty());
  CHECK(at_address("candidate:1 1 UDP 1 fe80::1 50000 typ host", "203.0.113.1").empty());
}

TEST_CASE("a request without an offer, or with another transport, is refused", "[probe]") {
  CHECK_FALSE(parse_probe_request(Json::array()));
  CHECK_FALSE(parse_probe_request({{"transport", "udp"}}));
  CHECK_FALSE(parse_probe_request({{"offer", "v=0"}, {"transport", "sctp"}}));
  CHECK_FALSE(parse_probe_request({{"offer", "v=0"}, {"transport", "udp"}, {"iceServers", {{}}}}));
  CHECK(parse_probe_request({{"offer", "v=0"}, {"transport", "tcp"}})->transport == Transport::tcp);
}

TEST_CASE("what is no offer of data channels is not answered", "[probe]") {
  gst_init(nullptr, nullptr);
  EventLoop loop;
  for (const auto* offer : {"nonsense", "v=0\r\n",
                            "v=0\r\no=- 1 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
                            "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"}) {
    CAPTURE(offer);
    CHECK_FALSE(IceProbe::start(loop, {offer, Transport::udp, {}, {}}, {}));
  }
}
