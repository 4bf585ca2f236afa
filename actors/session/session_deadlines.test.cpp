#include <catch2/catch.hpp>

#include "actors/session/session_fixture.test.hpp"

using namespace aerie;
using namespace aerie::testing;
using signaling::Keep;

namespace {

struct EndsFixture : SessionFixture {
  [[nodiscard]] std::map<RetireReason, Instant> ends() const {
    return reaper->last<ExpectEnds>().at;
  }
  [[nodiscard]] Instant now() const { return environment->wall(); }
  void propose_for(RetireReason reason) {
    tell(session, Proposal{"p", "session", reason, "reaper", Duration{30'000}, false});
  }
  [[nodiscard]] RetireAnswered last() const { return reaper->last<RetireAnswered>(); }
};

using enum RetireReason;

}  // namespace

TEST_CASE("idle time counts from ready, and not while somebody watches", "[caf][session]") {
  EndsFixture world;
  const auto idle = world.document()->idle;
  CHECK_FALSE(world.ends().contains(RetireReason::idle));
  CHECK(world.ends().at(max_age) == world.document()->created_at + world.document()->max);
  world.advance(Duration{5'000});
  world.become_ready();
  CHECK(world.ends().at(RetireReason::idle) == world.now() + idle);
  const auto one = world.join(ViewerRole::host);
  CHECK_FALSE(world.ends().contains(RetireReason::idle));
  const auto two = world.join(ViewerRole::viewer);
  world.advance(Duration{7'000});
  world.leave(one);
  CHECK_FALSE(world.ends().contains(RetireReason::idle));
  world.advance(Duration{3'000});
  world.leave(two);
  CHECK(world.ends().at(RetireReason::idle) == world.now() + idle);
}

TEST_CASE("idle time counts from the end of a keep", "[caf][session]") {
  EndsFixture world;
  world.become_ready();
  const auto visitor = world.join(ViewerRole::host);
  world.propose_for(requested);
  world.say(visitor, Keep{"p", Duration{60'000}});
  world.leave(visitor);
  CHECK(world.ends().at(RetireReason::idle) ==
        world.now() + Duration{60'000} + world.document()->idle);
}

TEST_CASE("a proposal for idleness is kept off by whoever came since", "[caf][session]") {
  EndsFixture world;
  world.become_ready();
  const auto idle = world.document()->idle;
  world.advance_at_once(idle);
  const auto visitor = world.join(ViewerRole::host);
  world.propose_for(RetireReason::idle);
  CHECK(world.last().answer == RetireAnswer::keep);
  CHECK(world.last().who == "session");
  CHECK(visitor.count("retire") == 0);
  world.leave(visitor);
  world.advance(Duration{1'000});
  world.propose_for(RetireReason::idle);
  CHECK(world.last().answer == RetireAnswer::keep);
  CHECK(world.last().until == world.now() - Duration{1'000} + idle);
  world.advance_at_once(idle);
  world.propose_for(RetireReason::idle);
  CHECK(world.last().answer == RetireAnswer::grant);
  CHECK(world.ends().empty());
}

TEST_CASE("at its greatest age a session asks its viewers, who can't keep it", "[caf][session]") {
  EndsFixture world;
  world.become_ready();
  const auto visitor = world.join(ViewerRole::host);
  world.advance_at_once(world.document()->max);
  world.propose_for(max_age);
  CHECK(visitor.last("retire")["reason"] == "max-age");
  world.say(visitor, Keep{"p", Duration{60'000}});
  CHECK(visitor.last("error")["field"] == "forMs");
  world.advance(Duration{30'100});
  CHECK(world.last().answer == RetireAnswer::grant);
  CHECK(world.document()->cause->kind == CauseKind::deadline);
}

TEST_CASE("a failed session keeps its guest's files for its time", "[caf][session]") {
  EndsFixture world;
  world.become_ready();
  const auto visitor = world.join(ViewerRole::host);
  world.propose_for(max_age);
  world.finish(CauseKind::library_missing);
  CHECK(world.state() == SessionState::failed);
  const auto until = world.now() + world.environment->settings.failed_retention;
  CHECK(world.ends() == std::map<RetireReason, Instant>{{failed, until}});
  CHECK(world.last().answer == RetireAnswer::keep);
  CHECK(world.last().until == until);
  world.propose_for(failed);
  CHECK(world.last().answer == RetireAnswer::grant);
  world.tell(world.session, VmDismantled{"vm"});
  CHECK(world.state() == SessionState::failed);
}

TEST_CASE("a hold that comes after the grant stops the release", "[caf][session]") {
  EndsFixture world;
  world.become_ready();
  CHECK_FALSE(world.ask<ReleaseAllowed>(world.session, MayRelease{"vm"}).is_allowed);
  world.propose();
  world.ask<HoldAnswer>(world.session, SetHold{{"evidence", "A look at it."}});
  CHECK_FALSE(world.ask<ReleaseAllowed>(world.session, MayRelease{"vm"}).is_allowed);
  const auto before = world.vm_heard->count<DismantleVm>();
  world.ask<HoldAnswer>(world.session, ClearHold{"evidence"});
  CHECK(world.vm_heard->count<DismantleVm>() == before + 1);
  CHECK(world.ask<ReleaseAllowed>(world.session, MayRelease{"vm"}).is_allowed);
  const auto late = world.ask<HoldAnswer>(world.session, SetHold{{"late", "A look at it."}});
  CHECK_FALSE(late.hold);
  CHECK(late.failure);
}

TEST_CASE("a hold that comes while viewers are asked keeps it", "[caf][session]") {
  EndsFixture world;
  world.become_ready();
  const auto visitor = world.join(ViewerRole::host);
  world.propose();
  world.ask<HoldAnswer>(world.session, SetHold{{"evidence", "A look at it."}});
  CHECK(world.last().answer == RetireAnswer::hold);
  world.advance(Duration{60'000});
  CHECK(world.last().answer == RetireAnswer::hold);
  CHECK(world.state() == SessionState::ready);
  world.ask<HoldAnswer>(world.session, ClearHold{"evidence"});
  CHECK(visitor.count("retire") == 2);
}

TEST_CASE("a reaper that begins anew hears when every session is to end", "[caf][session]") {
  EndsFixture world;
  world.become_ready();
  const auto before = world.ends();
  world.reaper->clear();
  world.tell(world.session, ReaperBegins{});
  CHECK(world.ends() == before);
}
