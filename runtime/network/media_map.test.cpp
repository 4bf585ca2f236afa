#include "runtime/network/media_map.hpp"

#include <catch2/catch.hpp>

using aerie::Json;
using namespace aerie::network;

namespace {

const MediaMap map{{{"10.77.0.3", {50'016, 50'031}, "203.0.113.9", 40'016},
                    {"10.0.2.15", {1, 65'535}, "127.0.0.1", 1}}};

constexpr auto own = "candidate:1 1 UDP 2015363327 10.77.0.3 50020 typ host";
constexpr auto mapped = "candidate:1 1 UDP 2015363327 203.0.113.9 40020 typ host";
constexpr auto loopback = "candidate:2 1 UDP 2015363583 127.0.0.1 50020 typ host";
constexpr auto relayed =
    "candidate:3 1 UDP 92217087 198.51.100.7 6000 typ relay raddr 10.77.0.3 rport 50020";

}  // namespace

TEST_CASE("a host candidate gets the address and port of the outside", "[media-map]") {
  CHECK(map.map_candidate(own) == mapped);
  CHECK(map.map_candidate("candidate:1 1 UDP 1 10.0.2.15 7001 typ host") ==
        "candidate:1 1 UDP 1 127.0.0.1 7001 typ host");
  CHECK(map.map_candidate("candidate:1 1 UDP 1 10.77.0.3 50016 typ host generation 0") ==
        "candidate:1 1 UDP 1 203.0.113.9 40016 typ host generation 0");
}

TEST_CASE("candidates that nobody outside could reach are left out", "[media-map]") {
  const auto text = GENERATE(as<std::string>{}, loopback,
                             "candidate:1 1 UDP 1 10.77.0.3 50032 typ host",  // beyond its ports
                             "candidate:1 1 UDP 1 10.77.0.4 50020 typ host",  // another's address
                             "candidate:1 1 UDP 1 10.77.0.3 port typ host",
                             "candidate:1 1 UDP 1 10.77.0.3 500200 typ host", "candidate:1 1 UDP");
  CAPTURE(text);
  CHECK_FALSE(map.map_candidate(text));
}

TEST_CASE("what a STUN or TURN server found passes, and the end of candidates", "[media-map]") {
  CHECK(map.map_candidate(relayed) == relayed);
  CHECK(map.map_candidate("") == "");
}

TEST_CASE("an empty map changes nothing", "[media-map]") {
  CHECK(MediaMap{}.map_candidate(loopback) == loopback);
  const Json body{{"type", "candidate"}, {"candidate", loopback}};
  CHECK(MediaMap{}.map_message(body) == body);
}

TEST_CASE("of a session description the candidate lines are mapped", "[media-map]") {
  const auto line = [](const std::string& text) { return "a=" + text + "\r\n"; };
  const std::string before = "v=0\r\nc=IN IP4 0.0.0.0\r\n";
  CHECK(map.map_sdp(before + line(own) + line(loopback) + line(relayed) + "a=mid:video0\r\n") ==
        before + line(mapped) + line(relayed) + "a=mid:video0\r\n");
  CHECK(map.map_sdp("v=0\na=" + std::string{own}) == "v=0\na=" + std::string{mapped});
  CHECK(map.map_sdp("").empty());
}

TEST_CASE("messages of the streamer are mapped by their type", "[media-map]") {
  const Json offer{{"type", "offer"}, {"epoch", 3}, {"sdp", "a=" + std::string{own} + "\r\n"}};
  CHECK(map.map_message(offer)->at("sdp") == "a=" + std::string{mapped} + "\r\n");
  CHECK(map.map_message(offer)->at("epoch") == 3);
  CHECK(
      map.map_message({{"type", "answer"}, {"sdp", "a=" + std::string{own} + "\r\n"}})->at("sdp") ==
      "a=" + std::string{mapped} + "\r\n");
  CHECK(map.map_message({{"type", "candidate"}, {"candidate", own}})->at("candidate") == mapped);
  CHECK_FALSE(map.map_message({{"type", "candidate"}, {"candidate", loopback}}));
  for (const Json& other :
       {Json{{"type", "peer"}, {"state", "failed"}}, Json{{"type", "candidate"}}, Json{{"type", 7}},
        Json(nullptr), Json{{"type", "offer"}, {"sdp", 7}}})
    CHECK(map.map_message(other) == other);
}

TEST_CASE("port ranges are read and written", "[media-map]") {
  CHECK(parse_port_range("50000-50015") == PortRange{50'000, 50'015});
  CHECK(parse_port_range("7-7")->size() == 1);
  CHECK(to_string(PortRange{1, 65'535}) == "1-65535");
  const auto text = GENERATE("", "-", "1", "0-5", "9-8", "1-65536", "a-b", "1-2-3", " 1-2");
  CAPTURE(text);
  CHECK_FALSE(parse_port_range(text));
}
