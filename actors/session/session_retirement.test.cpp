#include <catch2/catch.hpp>

#include "actors/session/session.hpp"
#include "actors/session/session_fixture.test.hpp"

using namespace aerie;
using namespace aerie::testing;
using signaling::Keep;
using signaling::Release;

namespace {

struct Fixture : SessionFixture {
  explicit Fixture(const std::vector<Hold>& holds = {}) : SessionFixture(holds) { become_ready(); }

  [[nodiscard]] RetireAnswered last() const { return reaper->last<RetireAnswered>(); }
};

using Answers = std::vector<RetireAnswer>;

}  // namespace

TEST_CASE("with no viewer a session grants, and ends once it is dismantled", "[caf][session]") {
  Fixture world;
  world.propose();
  CHECK(world.answers() == Answers{RetireAnswer::grant});
  CHECK(world.last().token->session == "session");
  CHECK(world.last().token->vm == "vm");
  CHECK(world.last().token->proposal == "p");
  CHECK(world.last().vm == world.vm);
  CHECK(world.state() == SessionState::retiring);
  const auto visitor = world.join(ViewerRole::host);
  world.tell(world.session, VmFinished{"vm", std::nullopt});
  CHECK(world.state() == SessionState::retiring);
  world.tell(world.session, VmDismantled{"vm"});
  CHECK(world.state() == SessionState::ended);
  CHECK(world.document()->end->by == "owner");
  CHECK(world.document()->end->reason == "requested");
  CHECK(visitor.last("ended")["reason"] == "requested");
  CHECK(visitor.last("ended")["cause"]["kind"] == "requested");
  CHECK_THAT(world.why("session")["cause"]["message"].get<std::string>(), Catch::Contains("owner"));
  CHECK(visitor.inbox->last<Hang>().code == 1000);
  CHECK(world.logs->closed.contains("session"));
  CHECK(world.node_heard->last<SessionOver>().session == "session");
}

TEST_CASE("viewers are asked, and may keep it within its maxMs", "[caf][session]") {
  Fixture world;
  const auto one = world.join(ViewerRole::host);
  const auto two = world.join(ViewerRole::viewer);
  world.propose();
  CHECK(two.last("retire")["reason"] == "requested");
  CHECK(one.last("retire")["proposal"] == "p");
  CHECK(one.last("retire")["deadlineMs"] == 30'000);
  CHECK(one.last("retire")["forced"] == false);
  CHECK(world.state() == SessionState::ready);
  const auto late = world.join(ViewerRole::viewer);
  CHECK(late.count("retire") == 1);

  world.say(two, Keep{"another", Duration{1000}});
  CHECK(two.last("error")["code"] == "no-such-proposal");
  const auto states = one.count("state");
  world.say(two, Keep{"p", Duration{86'400'000}});
  CHECK(world.last().answer == RetireAnswer::keep);
  CHECK(world.last().who == "viewer:" + two.joined.viewer);
  CHECK(world.last().until == world.document()->created_at + world.document()->max);
  CHECK(one.count("state") == states + 1);
  CHECK(one.last("state")["state"] == "ready");
  CHECK(world.state() == SessionState::ready);
  world.advance(Duration{31'000});
  CHECK(world.answers() == Answers{RetireAnswer::keep});
}

TEST_CASE("beyond its maxMs a session can't be kept", "[caf][session]") {
  Fixture world;
  const auto visitor = world.join(ViewerRole::host);
  world.advance(world.document()->max);
  world.propose();
  world.say(visitor, Keep{"p", Duration{1000}});
  CHECK(visitor.last("error")["field"] == "forMs");
  CHECK(world.answers().empty());
}

TEST_CASE("it is granted when every viewer agrees", "[caf][session]") {
  Fixture world;
  const auto one = world.join(ViewerRole::host);
  const auto two = world.join(ViewerRole::viewer);
  world.propose();
  world.say(one, Release{"p"});
  CHECK(world.answers().empty());
  world.say(two, Release{"p"});
  CHECK(world.answers() == Answers{RetireAnswer::grant});
  CHECK(world.last().who == "viewer:" + two.joined.viewer);
  world.say(one, Release{"p"});
  CHECK(one.last("error")["code"] == "no-such-proposal");
}

TEST_CASE("it is granted when those who were asked have left", "[caf][session]") {
  Fixture world;
  const auto visitor = world.join(ViewerRole::host);
  world.propose();
  world.leave(visitor);
  CHECK(world.answers() == Answers{RetireAnswer::grant});
}

TEST_CASE("a viewer's silence is consent", "[caf][session]") {
  Fixture world;
  const auto visitor = world.join(ViewerRole::host);
  world.propose();
  world.advance(Duration{29'900});
  CHECK(world.answers().empty());
  world.advance(Duration{200});
  CHECK(world.answers() == Answers{RetireAnswer::grant});
  CHECK(world.last().who == "session");
  CHECK(visitor.last("state")["state"] == "retiring");
}

TEST_CASE("a hold keeps it waiting, and clearing the last one lets it go on", "[caf][session]") {
  Fixture world{{{"evidence", "A look at it."}}};
  CHECK(world.ask<HoldAnswer>(world.session, SetHold{{"second", "Why."}}).hold->name == "second");
  CHECK(world.ask<HoldAnswer>(world.session, SetHold{{"second", "Else."}}).hold->reason == "Else.");
  CHECK(world.document()->holds.size() == 2);
  world.propose();
  CHECK(world.answers() == Answers{RetireAnswer::hold});
  CHECK(world.state() == SessionState::ready);
  CHECK_FALSE(world.ask<HoldAnswer>(world.session, ClearHold{"none"}).hold);
  world.ask<HoldAnswer>(world.session, ClearHold{"evidence"});
  CHECK(world.answers() == Answers{RetireAnswer::hold});
  world.ask<HoldAnswer>(world.session, ClearHold{"second"});
  CHECK(world.answers() == Answers{RetireAnswer::hold, RetireAnswer::grant});
  CHECK(world.events("hold.set").size() == 2);
  CHECK(world.events("hold.cleared").size() == 2);
}

TEST_CASE("force asks nobody and does away with a keep", "[caf][session]") {
  Fixture world;
  const auto visitor = world.join(ViewerRole::host);
  world.propose();
  world.say(visitor, Keep{"p", Duration{60'000}});
  world.propose(true);
  CHECK(visitor.last("retire")["forced"] == true);
  CHECK(world.answers() == Answers{RetireAnswer::keep, RetireAnswer::grant});
  CHECK(world.state() == SessionState::retiring);
}

TEST_CASE("force stops a held session's guest but deletes nothing", "[caf][session]") {
  Fixture world{{{"evidence", "A look at it."}}};
  world.propose(true);
  CHECK(world.answers() == Answers{RetireAnswer::hold});
  CHECK(world.state() == SessionState::retiring);
  CHECK(world.vm_heard->count<StopVm>() == 1);
  world.tell(world.session, VmFinished{"vm", std::nullopt});
  CHECK(world.state() == SessionState::retiring);
  world.ask<HoldAnswer>(world.session, ClearHold{"evidence"});
  CHECK(world.answers() == Answers{RetireAnswer::hold, RetireAnswer::grant});
}

TEST_CASE("a failed session is granted unless it is held", "[caf][session]") {
  Fixture world;
  world.ask<HoldAnswer>(world.session, SetHold{{"evidence", "A look at it."}});
  world.finish(CauseKind::library_missing);
  world.propose();
  CHECK(world.answers() == Answers{RetireAnswer::hold});
  world.ask<HoldAnswer>(world.session, ClearHold{"evidence"});
  CHECK(world.last().answer == RetireAnswer::grant);
  world.tell(world.session, VmDismantled{"vm"});
  CHECK(world.state() == SessionState::failed);
  CHECK(world.document()->cause->kind == CauseKind::library_missing);
}

TEST_CASE("a grant is repeated to whoever asks again", "[caf][session]") {
  Fixture world;
  world.propose();
  world.propose(false, "q");
  CHECK(world.answers() == Answers{RetireAnswer::grant, RetireAnswer::grant});
  CHECK(world.last().token->proposal == "q");
}

TEST_CASE("a dismantling that takes too long is told", "[caf][session]") {
  Fixture world;
  world.propose();
  world.advance(Duration{63'100});
  REQUIRE(world.events("deadline.passed").size() == 1);
  CHECK(world.events("deadline.passed").front()->data["state"] == "retiring");
  CHECK(world.state() == SessionState::retiring);
}
