#include "actors/session/viewer_log.hpp"

#include <catch2/catch.hpp>

using namespace aerie;

namespace {
const auto all_alive = [](std::uint64_t) { return true; };
}  // namespace

TEST_CASE("messages are numbered from one, and the missed ones come back", "[viewer-log]") {
  ViewerLog log;
  CHECK(log.add({{"type", "welcome"}}, Instant{})["seq"] == 1);
  log.add({{"type", "state"}}, Instant{});
  log.add({{"type", "viewers"}}, Instant{});
  const auto missed = log.since(1, all_alive);
  REQUIRE(missed);
  REQUIRE(missed->size() == 2);
  CHECK(missed->front()["type"] == "state");
  CHECK(log.since(3, all_alive)->empty());
  CHECK_FALSE(log.since(4, all_alive));
}

TEST_CASE("dead epochs' offers and candidates are not replayed", "[viewer-log]") {
  ViewerLog log;
  log.add({{"type", "offer"}, {"epoch", 1}}, Instant{});
  log.add({{"type", "candidate"}, {"epoch", 1}}, Instant{});
  log.add({{"type", "offer"}, {"epoch", 2}}, Instant{});
  log.add({{"type", "stream"}, {"epoch", 1}}, Instant{});
  const auto missed = log.since(0, [](std::uint64_t epoch) { return epoch == 2; });
  REQUIRE(missed);
  REQUIRE(missed->size() == 2);
  CHECK(missed->at(0)["epoch"] == 2);
  CHECK(missed->at(1)["type"] == "stream");
}

TEST_CASE("what is kept is bounded in number and bytes", "[viewer-log]") {
  ViewerLog log;
  for (std::size_t i = 0; i < ViewerLog::max_messages + 1; ++i)
    log.add({{"type", "state"}}, Instant{});
  CHECK_FALSE(log.since(0, all_alive));
  CHECK(log.since(1, all_alive)->size() == ViewerLog::max_messages);
  ViewerLog large;
  for (int i = 0; i < 3; ++i)
    large.add({{"type", "state"}, {"text", std::string(ViewerLog::max_bytes / 2, 'x')}}, Instant{});
  CHECK_FALSE(large.since(0, all_alive));
  CHECK(large.since(2, all_alive)->size() == 1);
}

TEST_CASE("a restored log goes on where its viewer is, within what is ever kept", "[viewer-log]") {
  ViewerLog before;
  std::vector<Json> kept;
  for (int i = 0; i < 3; ++i)
    kept.push_back(before.add({{"type", "state"}}, Instant{}));
  ViewerLog log;
  log.restore(kept);
  CHECK(log.is_restored());
  CHECK(log.last_seq() == 3);
  SECTION("a viewer that missed some") {
    log.catch_up(1);
    CHECK(log.since(1, all_alive)->size() == 2);
  }
  SECTION("one that has seen what nobody wrote down") {
    log.catch_up(5);
    CHECK(log.since(5, all_alive)->empty());
    CHECK(log.add({{"type", "state"}}, Instant{})["seq"] == 6);
  }
  SECTION("one that claims too much") {
    log.catch_up(4 + ViewerLog::max_messages);
    CHECK_FALSE(log.since(4 + ViewerLog::max_messages, all_alive));
  }
  CHECK_FALSE(log.is_restored());
}
