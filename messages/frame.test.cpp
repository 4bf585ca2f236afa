#include "messages/frame.hpp"

#include <catch2/catch.hpp>

using aerie::FrameDecoder;
using aerie::Json;

TEST_CASE("frames survive being cut anywhere", "[frame]") {
  const auto bytes = *aerie::encode_frame({{"type", "a"}}) + *aerie::encode_frame({{"type", "b"}});
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    FrameDecoder decoder;
    auto first = decoder.feed(std::string_view{bytes}.substr(0, cut));
    REQUIRE(first);
    auto second = decoder.feed(std::string_view{bytes}.substr(cut));
    REQUIRE(second);
    first->insert(first->end(), second->begin(), second->end());
    CHECK(*first == std::vector<Json>{{{"type", "a"}}, {{"type", "b"}}});
    CHECK_FALSE(decoder.is_partial());
  }
}

TEST_CASE("a lying frame breaks the link for good", "[frame]") {
  using namespace std::string_literals;
  const std::string deep = std::string(40, '[') + std::string(40, ']');
  const auto framed = [](const std::string& body) {
    return "\0\0\0"s + static_cast<char>(body.size()) + body;
  };
  for (const auto& bytes : {"\0\0\0\0"s, "\0\1\0\1"s, "\xff\xff\xff\xff"s, framed("[]"),
                            framed("{]"), framed("{\"a\":" + deep + "}")}) {
    FrameDecoder decoder;
    const auto result = decoder.feed(bytes);
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == aerie::CauseKind::link_violation);
    CHECK_FALSE(decoder.feed(*aerie::encode_frame({{"type", "a"}})));
  }
}

TEST_CASE("a message over the limit is refused, invalid UTF-8 is replaced", "[frame]") {
  CHECK_FALSE(aerie::encode_frame({{"data", std::string(aerie::max_frame_bytes, 'x')}}));
  FrameDecoder decoder;
  const auto message = decoder.feed(*aerie::encode_frame({{"data", "\xff"}}));
  REQUIRE(message);
  CHECK(message->front()["data"] == "\xef\xbf\xbd");
}
