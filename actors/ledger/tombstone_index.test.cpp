#include "actors/ledger/tombstone_index.hpp"

#include <catch2/catch.hpp>

using namespace aerie;

namespace {

TombstoneRecord tombstone(const std::string& session, int at, TombstoneState state) {
  return {session, Instant{Duration{at}}, 100, state, {"vm of " + session}};
}

}  // namespace

TEST_CASE("the oldest tombstone that is settled and held by nobody goes first", "[ledger]") {
  TombstoneIndex index;
  CHECK(index.oldest() == nullptr);
  index.put(tombstone("living", 1, TombstoneState::evidence), false);
  index.put(tombstone("unsettled", 2, TombstoneState::complete), false);
  index.put(tombstone("held", 3, TombstoneState::settled), true);
  CHECK(index.oldest() == nullptr);
  index.put(tombstone("late", 5, TombstoneState::settled), false);
  index.put(tombstone("early", 4, TombstoneState::settled), false);
  CHECK(index.oldest()->session == "early");
  index.set_held("early", true);
  CHECK(index.oldest()->session == "late");
  index.set_held("held", false);
  CHECK(index.oldest()->session == "held");
  CHECK(index.bytes() == 500);
  index.put(tombstone("held", 3, TombstoneState::going), false);
  CHECK(index.oldest()->session == "late");
  CHECK(index.bytes() == 400);
  index.erase("held");
  CHECK(index.bytes() == 400);
  CHECK(index.find("held") == nullptr);
}

TEST_CASE("a guest leads to the session whose tombstone names it", "[ledger]") {
  TombstoneIndex index;
  index.put(tombstone("a", 1, TombstoneState::evidence), false);
  CHECK(index.session_of("vm of a") == "a");
  CHECK(index.session_of("vm of b").empty());
  index.erase("a");
  CHECK(index.session_of("vm of a").empty());
}
