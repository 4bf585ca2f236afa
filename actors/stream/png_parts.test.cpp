#include "actors/stream/png_parts.hpp"

#include <catch2/catch.hpp>

using aerie::decode_base64;
using aerie::Json;
using aerie::PngParts;

namespace {

/// The first 24 bytes of a PNG of 640x360, in base64.
constexpr const char* header = "iVBORw0KGgoAAAANSUhEUgAAAoAAAAFo";

Json part(std::size_t number, std::size_t parts, std::size_t bytes, const std::string& data) {
  return {{"part", number}, {"parts", parts}, {"bytes", bytes}, {"data", data}};
}

}  // namespace

TEST_CASE("base64 is read strictly", "[screenshot]") {
  CHECK(decode_base64("") == "");
  CHECK(decode_base64("TQ==") == "M");
  CHECK(decode_base64("TWE=") == "Ma");
  CHECK(decode_base64("TWFu") == "Man");
  CHECK(decode_base64("//79") == "\xff\xfe\xfd");
  for (const auto* wrong : {"TQ", "TQ=", "T===", "TQ==TWFu", "TW u", "TW\nu", "====", "TW-_"})
    CHECK_FALSE(decode_base64(wrong));
}

TEST_CASE("a picture is put together from its parts, in order", "[screenshot]") {
  PngParts whole;
  CHECK_FALSE(whole.add(part(0, 2, 27, header)));
  CHECK(whole.next() == 1);
  CHECK_FALSE(whole.is_complete());
  CHECK_FALSE(whole.add(part(1, 2, 27, "AAAA")));
  CHECK(whole.is_complete());
  CHECK(whole.take().size() == 27);
}

TEST_CASE("what a hostile guest sends for a picture is refused", "[screenshot]") {
  const auto first = [](const Json& body) { return PngParts{}.add(body).value_or(""); };
  CHECK(first(Json::object()) == "its size is out of bounds");
  CHECK(first(part(0, 0, 24, header)) == "its size is out of bounds");
  CHECK(first(part(0, PngParts::max_parts + 1, 24, header)) == "its size is out of bounds");
  CHECK(first(part(0, 1, PngParts::max_bytes + 1, header)) == "its size is out of bounds");
  CHECK(first(part(1, 2, 24, header)) == "its parts do not belong together");
  CHECK(first(part(0, 1, 24, "no base64")) == "a part is no base64");
  CHECK(first(part(0, 1, 23, header)) == "it is larger than it said");
  CHECK(first(part(0, 1, 25, header)) == "it is smaller than it said");
  CHECK(first(part(0, 1, 24, "R0lGODlhAAAAAAAAAAAAAAAAAAAAAAAA")) == "it is no PNG of a display");
  // 65,536 pixels wide.
  CHECK(first(part(0, 1, 24, "iVBORw0KGgoAAAANSUhEUgABAAAAAAFo")) == "it is no PNG of a display");
  Json typed = part(0, 1, 24, header);
  typed["data"] = 7;
  CHECK(first(typed) == "a part is no base64");

  PngParts changed;
  REQUIRE_FALSE(changed.add(part(0, 2, 27, header)));
  CHECK(changed.add(part(1, 3, 27, "AAAA")) ==
        std::optional<std::string>{"its parts do not belong together"});
  PngParts complete;
  REQUIRE_FALSE(complete.add(part(0, 1, 24, header)));
  CHECK(complete.add(part(1, 1, 24, "AAAA")));
}
