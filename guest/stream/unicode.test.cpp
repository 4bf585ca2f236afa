#include "guest/stream/unicode.hpp"

#include <catch2/catch.hpp>

using namespace aerie::stream;

TEST_CASE("UTF-8 is decoded, and only when it is well formed", "[unicode]") {
  CHECK(decode_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") == U"a\u00e9\u20ac\U0001F600");
  for (const auto* bad : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\xff", "\xc3("})
    CHECK_FALSE(decode_utf8(bad));
}

TEST_CASE("characters have the keysyms that type them", "[unicode]") {
  CHECK(keysym_of(U'a') == 'a');
  CHECK(keysym_of(U'\u00e9') == 0xE9);
  CHECK(keysym_of(U'\u20ac') == 0x010020AC);
  CHECK(keysym_of(U'\n') == 0xFF0D);
  CHECK(keysym_of(U'\t') == 0xFF09);
  CHECK(keysym_of(U'\x01') == 0);
  CHECK(keysym_of(U'\x7f') == 0);
}
