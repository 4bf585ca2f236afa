#include "actors/player/ice_fragment.hpp"

#include <catch2/catch.hpp>

using namespace aerie;

TEST_CASE("a fragment gives its candidates and whose they are", "[player]") {
  const auto fragment = parse_ice_fragment(
      "a=ice-ufrag:EsAw\r\na=ice-pwd:secret\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
      "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\na=candidate:2 1 udp 1 192.0.2.1 5001 typ "
      "host\na=end-of-candidates\r\n\r\n");
  REQUIRE(fragment);
  CHECK(fragment->ufrag == "EsAw");
  CHECK(fragment->candidates ==
        std::vector<std::string>{"candidate:1 1 udp 1 192.0.2.1 5000 typ host",
                                 "candidate:2 1 udp 1 192.0.2.1 5001 typ host"});
  CHECK(parse_ice_fragment("")->candidates.empty());
}

TEST_CASE("what is no fragment, or too much of one, is refused", "[player]") {
  CHECK_FALSE(parse_ice_fragment("{}"));
  CHECK_FALSE(parse_ice_fragment("a=mid:0\r\nnonsense"));
  CHECK_FALSE(parse_ice_fragment("a=candidate:" + std::string(3000, '1')));
  std::string many;
  for (int i = 0; i < 64; ++i)
    many += "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\n";
  CHECK(parse_ice_fragment(many));
  CHECK_FALSE(parse_ice_fragment(many + "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\n"));
}

TEST_CASE("the first credentials of an offer name its ICE session", "[player]") {
  CHECK(ice_ufrag_of("v=0\r\nm=audio\r\na=ice-ufrag:one\r\nm=video\r\na=ice-ufrag:two\r\n") ==
        "one");
  CHECK(ice_ufrag_of("v=0\r\n").empty());
}
