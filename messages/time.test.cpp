#include "messages/time.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;

TEST_CASE("instants are RFC 3339 in UTC with milliseconds", "[time]") {
  const aerie::Instant at{std::chrono::sys_days{std::chrono::year{2026} / 1 / 31} + 8h + 5min + 9s +
                          120ms};
  CHECK(aerie::to_rfc3339(at) == "2026-01-31T08:05:09.120Z");
  CHECK(aerie::from_rfc3339("2026-01-31T08:05:09.120Z") == at);
}

TEST_CASE("anything but our own form of an instant is refused", "[time]") {
  for (const auto* text :
       {"", "2026-01-31T08:05:09Z", "2026-02-31T08:05:09.120Z", "2026-01-31T24:05:09.120Z",
        "2026-01-31 08:05:09.120Z", "2026-01-31T08:05:09.120+", "2026-01-31T08:-5:09.120Z"})
    CHECK_FALSE(aerie::from_rfc3339(text).has_value());
}
