#include "actors/session/session.hpp"

#include <catch2/catch.hpp>

#include "actors/session/session_fixture.test.hpp"

using namespace aerie;
using namespace aerie::testing;

TEST_CASE("a session is ready when its guest is", "[caf][session]") {
  SessionFixture world;
  CHECK(world.state() == SessionState::starting);
  world.advance(Duration{1500});
  world.tell(world.session, VmStageReached{"vm", Stage::linked});
  world.tell(world.session, VmStageReached{"vm", Stage::linked});
  world.tell(world.session, VmStageReached{"another", Stage::display});
  world.become_ready();
  CHECK(world.state() == SessionState::ready);
  const auto stages = world.document()->stages;
  REQUIRE(stages.size() == 2);
  CHECK(stages.front() == std::pair{Stage::linked, Duration{1500}});
  CHECK(world.document()->vm_state == VmState::ready);
  world.advance(Duration{120'000});
  CHECK(world.state() == SessionState::ready);
}

TEST_CASE("a session that does not get ready fails with the stage it reached", "[caf][session]") {
  SessionFixture world;
  const auto visitor = world.join(ViewerRole::host);
  world.tell(world.session, VmStageReached{"vm", Stage::display});
  world.advance(Duration{60'050});
  CHECK(world.state() == SessionState::failed);
  const auto passed = world.events("deadline.passed");
  REQUIRE(passed.size() == 1);
  CHECK(passed.front()->data["cause"]["kind"] == "deadline");
  CHECK(world.document()->cause->evidence ==
        std::vector<std::string>{"last stage reached: display"});
  CHECK(world.vm_heard->count<StopVm>() == 1);
  CHECK(visitor.last("ended")["cause"]["kind"] == "deadline");
  CHECK(visitor.inbox->last<Hang>().code == 1000);
}

TEST_CASE("a lost guest is replaced once, then the first cause stands", "[caf][session]") {
  SessionFixture world;
  world.become_ready();
  const auto fresh = std::make_shared<Inbox>();
  world.replacement = {world.stand_in<VmActor>(fresh), "vm-2", "10.77.0.2", std::nullopt};
  world.finish(CauseKind::crash_loop, "vm", "The browser crashed.");
  CHECK(world.state() == SessionState::ready);
  CHECK(fresh->count<StartVm>() == 1);
  CHECK(world.vm_heard->last<DismantleVm>().token.vm == "vm");
  CHECK(world.document()->vm_id == "vm-2");
  CHECK(world.document()->vm_address == "10.77.0.2");
  REQUIRE(world.events("vm.replaced").size() == 1);
  CHECK(world.events("vm.replaced").front()->data["cause"]["kind"] == "crash-loop");

  CHECK(world.ask<ReleaseAllowed>(world.session, MayRelease{"vm"}).is_allowed);
  CHECK_FALSE(world.ask<ReleaseAllowed>(world.session, MayRelease{"vm-2"}).is_allowed);
  world.tell(world.session, VmDismantled{"vm"});
  world.finish(CauseKind::link_lost, "vm");
  CHECK(world.state() == SessionState::ready);
  world.finish(CauseKind::vmm_exited, "vm-2", "The second broke.");
  CHECK(world.state() == SessionState::failed);
  CHECK(world.document()->cause->message == "The browser crashed.");
  CHECK(world.why("session")["cause"]["kind"] == "crash-loop");
}

TEST_CASE("where no fresh guest can be had the first cause stands too", "[caf][session]") {
  SessionFixture world;
  world.finish(CauseKind::vmm_exited, "vm", "The guest ended.");
  CHECK(world.state() == SessionState::failed);
  CHECK(world.document()->cause->message == "The guest ended.");
  CHECK(world.document()->cause->evidence.back() == "no fresh guest: No address is free.");
}

TEST_CASE("viewers are told that the guest's network fails, and that it is back",
          "[caf][session]") {
  SessionFixture world;
  const auto visitor = world.join(ViewerRole::viewer);
  const auto cause = some_cause(CauseKind::network_failed);
  for (int time = 0; time < 2; ++time) {
    world.tell(world.session, VmChanged{"vm", VmState::ready, {}, cause});
    CHECK(visitor.last("state")["child"] == "network");
    CHECK(visitor.last("state")["cause"]["kind"] == "network-failed");
    world.tell(world.session, VmChanged{"vm", VmState::ready, {}, {}});
    CHECK_FALSE(visitor.last("state").contains("cause"));
  }
}

TEST_CASE("what no fresh guest can mend fails at once", "[caf][session]") {
  SessionFixture world;
  world.finish(CauseKind::library_missing);
  CHECK(world.state() == SessionState::failed);
  CHECK(world.events("vm.replaced").empty());
  CHECK(world.document()->end->reason == "failed");
}

TEST_CASE("who joins a failed session is told how it ended", "[caf][session]") {
  SessionFixture world;
  world.finish(CauseKind::library_missing);
  const auto visitor = world.join(ViewerRole::host);
  CHECK_FALSE(visitor.joined.refusal);
  CHECK(types(delivered(*visitor.inbox)) == std::vector<std::string>{"welcome", "ended"});
  CHECK(visitor.last("ended")["cause"]["kind"] == "library-missing");
  CHECK(visitor.inbox->last<Hang>().code == 1000);
}

TEST_CASE("viewers are told of the stream's state", "[caf][session]") {
  SessionFixture world;
  const auto visitor = world.join(ViewerRole::viewer);
  world.stream_comes_up();
  CHECK(visitor.last("stream")["state"] == "up");
  CHECK(world.vm_heard->count<SendStream>() > 0);
  CHECK(world.document()->stream.state == StreamState::up);
  CHECK(world.document()->stream.epoch == 1);
  auto again = child_news(link::ChildNewsKind::restarting, "stream");
  again.cause = some_cause(CauseKind::signal);
  again.retry_in = Duration{100};
  world.tell(world.session, VmChildNews{"vm", again});
  CHECK(visitor.last("stream")["cause"]["kind"] == "signal");
  CHECK(visitor.last("stream")["retryInMs"] == 100);
  CHECK(world.events("stream.state").back()->data["state"] == "restarting");
  const auto late = world.join(ViewerRole::viewer);
  CHECK(late.last("stream")["cause"]["kind"] == "signal");
}

TEST_CASE("viewers hear of a program that is not well, and when it is again", "[caf][session]") {
  SessionFixture world;
  world.become_ready();
  const auto visitor = world.join(ViewerRole::viewer);
  auto exited = child_news(link::ChildNewsKind::exited, "browser");
  exited.exit = exit_of("browser", CauseKind::oom_kill);
  world.tell(world.session, VmChildNews{"vm", exited});
  CHECK(visitor.last("state")["child"] == "browser");
  CHECK(visitor.last("state")["cause"]["kind"] == "oom-kill");
  auto again = child_news(link::ChildNewsKind::restarting, "browser");
  again.cause = cause_of(*exited.exit);
  const auto told = visitor.count("state");
  world.tell(world.session, VmChildNews{"vm", again});
  CHECK(visitor.count("state") == told);
  CHECK(world.join(ViewerRole::viewer).last("state")["cause"]["kind"] == "oom-kill");
  world.tell(world.session, VmChildNews{"vm", child_news(link::ChildNewsKind::started, "browser")});
  world.tell(world.session, VmChildNews{"vm", child_news(link::ChildNewsKind::ready, "browser")});
  CHECK_FALSE(visitor.last("state").contains("cause"));
  CHECK(world.state() == SessionState::ready);
  world.tell(world.session, VmChildNews{"another", exited});
  CHECK_FALSE(visitor.last("state").contains("cause"));
}

TEST_CASE("viewers hear at once why a guest is lost", "[caf][session]") {
  SessionFixture world;
  world.become_ready();
  const auto visitor = world.join(ViewerRole::viewer);
  world.tell(world.session,
             VmChanged{"vm", VmState::failed, 1000, some_cause(CauseKind::link_lost)});
  CHECK(visitor.last("state")["cause"]["kind"] == "link-lost");
  CHECK(visitor.last("state")["state"] == "ready");
}

TEST_CASE("a stream that stays under way is told with a cause", "[caf][session]") {
  SessionFixture world;
  world.become_ready();
  const auto visitor = world.join(ViewerRole::viewer);
  SECTION("starting") {
    world.tell(world.session,
               VmChildNews{"vm", child_news(link::ChildNewsKind::started, "stream")});
    world.advance(Duration{9'900});
    CHECK(world.events("deadline.passed").empty());
    world.advance(Duration{200});
    CHECK(world.events("deadline.passed").back()->data["state"] == "starting");
  }
  SECTION("restarting") {
    auto again = child_news(link::ChildNewsKind::restarting, "stream");
    again.cause = some_cause(CauseKind::signal);
    again.retry_in = Duration{2'000};
    world.tell(world.session, VmChildNews{"vm", again});
    world.advance(Duration{11'900});
    CHECK(world.events("deadline.passed").empty());
    world.advance(Duration{200});
    CHECK(world.events("deadline.passed").back()->data["state"] == "restarting");
  }
  CHECK(world.events("deadline.passed").back()->data["cause"]["kind"] == "deadline");
  CHECK(visitor.last("stream")["cause"]["kind"] == "deadline");
}

TEST_CASE("a session and its stream end with their node", "[caf][session]") {
  SessionFixture world;
  const auto has_ended = std::make_shared<bool>(false);
  world.session->attach_functor([has_ended] { *has_ended = true; });
  world.crash(world.node);
  CHECK(*has_ended);
}
