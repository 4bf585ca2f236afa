#include "messages/shared_value.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "messages/rare.hpp"

using namespace aerie;

TEST_CASE("who edits a shared value gets its own", "[messages]") {
  SharedValue<std::string> first{"one"};
  const auto second = first;
  CHECK(first.pointer() == second.pointer());
  first.edit() = "two";
  CHECK(*first == "two");
  CHECK(*second == "one");
  const auto* alone = &*first;
  first.edit() += "!";
  CHECK(&*first == alone);
}

TEST_CASE("a value that is rarely there is as small as a pointer, and copies deeply",
          "[messages]") {
  static_assert(sizeof(Rare<std::string>) == sizeof(void*));
  Rare<std::string> none;
  CHECK_FALSE(none);
  CHECK(none == std::nullopt);
  CHECK(none.value_or("other") == "other");
  Rare<std::string> some{std::string{"text"}};
  auto copy = some;
  *copy = "changed";
  CHECK(*some == "text");
  CHECK(std::optional<std::string>{some} == std::optional<std::string>{"text"});
  some = std::nullopt;
  CHECK_FALSE(some.has_value());
  some = std::optional<std::string>{"again"};
  CHECK(some->size() == 5);
}
