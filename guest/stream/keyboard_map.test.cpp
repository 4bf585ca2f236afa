#include "guest/stream/keyboard_map.hpp"

#include <catch2/catch.hpp>
#include <set>

using aerie::stream::KeyboardMap;
using aerie::stream::KeyStroke;

namespace {

/// Keycodes 8 to 13: a/A, 1/!, space, and three free ones.
KeyboardMap small_map() {
  KeyboardMap map;
  map.load(8, 2, {'a', 'A', '1', '!', ' ', 0, 0, 0, 0, 0, 0, 0});
  return map;
}

}  // namespace

TEST_CASE("a keysym is found with the level it is on", "[keyboard]") {
  const auto map = small_map();
  CHECK(map.find('a') == KeyStroke{8, false});
  CHECK(map.find('A') == KeyStroke{8, true});
  CHECK(map.find('!') == KeyStroke{9, true});
  CHECK(map.find(' ') == KeyStroke{10, std::nullopt});
  CHECK_FALSE(map.find(0x010020AC));
}

TEST_CASE("free keycodes are lent, the longest unused first, and not taken back at once",
          "[keyboard]") {
  auto map = small_map();
  const auto one = map.bind(0x1001);
  const auto two = map.bind(0x1002);
  const auto three = map.bind(0x1003);
  REQUIRE(one);
  REQUIRE(two);
  REQUIRE(three);
  CHECK(std::set{*one, *two, *three} == std::set<std::uint8_t>{11, 12, 13});
  CHECK_FALSE(map.bind(0x1004));
  CHECK(map.find(0x1002) == KeyStroke{*two, std::nullopt});
  map.settle();
  map.touch(0x1001);
  CHECK(map.bind(0x1004) == two);
  CHECK_FALSE(map.find(0x1002));
  CHECK(map.find(0x1001));
}

TEST_CASE("loans outlive a reload of the map unless somebody else took the keycode", "[keyboard]") {
  auto map = small_map();
  const auto lent = map.bind(0x1001);
  REQUIRE(lent == std::uint8_t{13});
  map.load(8, 2, {'a', 'A', '1', '!', ' ', 0, 0, 0, 0, 0, 0x1001, 0x1001});
  CHECK(map.find(0x1001) == KeyStroke{13, std::nullopt});
  map.load(8, 2, {'a', 'A', '1', '!', ' ', 0, 0, 0, 0, 0, 'z', 'Z'});
  CHECK_FALSE(map.find(0x1001));
  CHECK(map.find('Z') == KeyStroke{13, true});
}

TEST_CASE("an empty map knows nothing and lends nothing", "[keyboard]") {
  KeyboardMap map;
  map.load(8, 0, {});
  CHECK_FALSE(map.find('a'));
  CHECK_FALSE(map.bind('a'));
}
