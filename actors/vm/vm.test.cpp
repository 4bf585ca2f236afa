#include "actors/vm/vm.hpp"

#include <catch2/catch.hpp>

#include "actors/core/world.test.hpp"

using namespace aerie;
using namespace aerie::testing;

namespace {

struct Fixture : World {
  explicit Fixture(const std::string& session = "session")
      : vm(start_vm(stand_in<VmOwnerActor>(
                        owner, {[this](const MayRelease&) { return ReleaseAllowed{is_allowed}; }}),
                    session)) {}

  MachineRecord& start() {
    tell(vm, StartVm{});
    return *machine();
  }
  MachineRecord& start_and_boot() {
    start();
    boot(machine());
    return *machine();
  }
  void exit(CauseKind kind = CauseKind::exit_code) {
    machine()->reports->on_exited(exit_of("vmm", kind));
    run();
  }
  [[nodiscard]] VmState state() const { return owner->last<VmChanged>().state; }
  [[nodiscard]] std::vector<Stage> stages() const {
    std::vector<Stage> found;
    for (const auto& each : owner->all<VmStageReached>())
      found.push_back(each.stage);
    return found;
  }
  [[nodiscard]] bool has_ended() const { return events("resource.released").size() == 3; }

  bool is_allowed = true;  ///< by the owner, to release
  std::shared_ptr<Inbox> owner = std::make_shared<Inbox>();
  VmActor vm;
};

}  // namespace

TEST_CASE("resources are on disk before the machine starts", "[caf][vm]") {
  Fixture world;
  world.store->is_automatic = false;
  world.tell(world.vm, StartVm{});
  CHECK(world.machine()->calls.empty());
  CHECK(world.state() == VmState::preparing);
  world.store->finish();
  world.run();
  CHECK(world.machine()->was("start"));
  CHECK(world.state() == VmState::booting);
  REQUIRE(world.events("resource.acquired").size() == 3);
  CHECK(world.events("resource.acquired").front()->data["kind"] == "address");
}

TEST_CASE("resources that can't be written are not acquired", "[caf][vm]") {
  Fixture world;
  world.store->failure = some_cause(CauseKind::store_failed);
  auto& machine = world.start();
  CHECK(machine.calls.empty());
  CHECK(world.state() == VmState::failed);
  CHECK(world.owner->last<VmFinished>().cause->kind == CauseKind::store_failed);
  world.tell(world.vm, DismantleVm{{"session", "vm", "p"}});
  CHECK(machine.calls.empty());
  CHECK(world.owner->count<VmDismantled>() == 1);
}

TEST_CASE("a guest comes up state by state", "[caf][vm]") {
  Fixture world;
  world.start_and_boot();
  std::vector<VmState> states;
  for (const auto& each : world.owner->all<VmChanged>())
    states.push_back(each.state);
  using enum VmState;
  CHECK(states == std::vector{preparing, booting, linking, VmState::ready});
  CHECK(world.stages() == std::vector{Stage::allocated, Stage::spawned, Stage::linked,
                                      Stage::configured, Stage::display, Stage::stream,
                                      Stage::ready});
  CHECK(world.owner->last<VmChanged>().pid == 1000);
  CHECK(world.events("child.ready").size() == 3);
  world.advance(Duration{60'000});
  CHECK(world.state() == VmState::ready);
  CHECK(world.events("deadline.passed").empty());
}

TEST_CASE("a guest that never speaks is a link-timeout that names the last stage", "[caf][vm]") {
  Fixture world;
  auto& machine = world.start();
  machine.reports->on_started(1000);
  world.run();
  world.advance(Duration{10'050});
  CHECK(world.state() == VmState::failed);
  CHECK(machine.was("kill controller"));
  CHECK(world.events("deadline.passed").front()->data["cause"]["kind"] == "link-timeout");
  // Its end is told when it was seen, not before.
  CHECK(world.owner->count<VmFinished>() == 0);
  world.exit(CauseKind::killed);
  const auto cause = world.owner->last<VmFinished>().cause;
  CHECK(cause->kind == CauseKind::link_timeout);
  CHECK(cause->evidence == std::vector<std::string>{"last stage reached: spawned"});
}

TEST_CASE("a machine that does not even start in time is killed when it does", "[caf][vm]") {
  Fixture world;
  auto& machine = world.start();
  world.advance(Duration{10'050});
  CHECK(world.state() == VmState::failed);
  CHECK(world.owner->count<VmFinished>() == 0);
  machine.calls.clear();
  machine.reports->on_started(1000);
  world.run();
  CHECK(machine.was("kill controller"));
  world.exit(CauseKind::killed);
  CHECK(world.owner->last<VmFinished>().cause->kind == CauseKind::deadline);
}

TEST_CASE("a start that fails is told with its cause", "[caf][vm]") {
  Fixture world;
  world.start().reports->on_failed(some_cause(CauseKind::sandbox_failed));
  world.run();
  CHECK(world.state() == VmState::failed);
  CHECK(world.owner->last<VmFinished>().cause->kind == CauseKind::sandbox_failed);
}

TEST_CASE("the guest's own last word is the cause of its end", "[caf][vm]") {
  Fixture world;
  auto& machine = world.start_and_boot();
  machine.reports->on_says(link::Finished{some_cause(CauseKind::crash_loop, "stream crashed.")});
  machine.reports->on_link_lost(some_cause(CauseKind::link_lost));
  world.exit();
  CHECK(world.owner->last<VmFinished>().cause->message == "stream crashed.");
  CHECK(world.events("child.exited").back()->child == "vmm");
}

TEST_CASE("an exit before the link is told with its last lines", "[caf][vm]") {
  Fixture world;
  world.start().reports->on_started(1000);
  world.run();
  world.exit(CauseKind::signal);
  const auto cause = world.owner->last<VmFinished>().cause;
  CHECK(cause->kind == CauseKind::vmm_exited);
  CHECK(cause->evidence == std::vector<std::string>{"the last line"});
  world.exit(CauseKind::signal);
  CHECK(world.owner->count<VmFinished>() == 1);
}

TEST_CASE("a link that stays lost is the end of the guest", "[caf][vm]") {
  Fixture world;
  auto& machine = world.start_and_boot();
  machine.reports->on_link_lost(some_cause(CauseKind::link_lost));
  world.run();
  CHECK(world.state() == VmState::ready);
  world.advance(Duration{51});
  CHECK(machine.was("kill controller"));
  world.exit(CauseKind::killed);
  CHECK(world.owner->last<VmFinished>().cause->kind == CauseKind::link_lost);
}

TEST_CASE("a guest that lies is ended at once", "[caf][vm]") {
  Fixture world;
  auto& machine = world.start_and_boot();
  machine.reports->on_link_lost(some_cause(CauseKind::link_violation));
  world.run();
  CHECK(machine.was("kill controller"));
  CHECK(world.state() == VmState::failed);
  CHECK(world.owner->last<VmChanged>().cause->kind == CauseKind::link_violation);
}

TEST_CASE("an end that no restart mends is named as what it is", "[caf][vm]") {
  Fixture world;
  world.start().reports->on_started(1000);
  world.run();
  world.exit(CauseKind::sandbox_failed);
  CHECK(world.owner->last<VmFinished>().cause->kind == CauseKind::sandbox_failed);
}

TEST_CASE("a guest that speaks of a child it can't have is ended", "[caf][vm]") {
  Fixture world;
  auto& machine = world.start_and_boot();
  machine.reports->on_says(child_news(link::ChildNewsKind::started, "miner"));
  world.run();
  CHECK(machine.was("kill controller"));
  world.exit(CauseKind::killed);
  CHECK(world.owner->last<VmFinished>().cause->kind == CauseKind::link_violation);
}

TEST_CASE("a stop asks first and kills at its deadline", "[caf][vm]") {
  Fixture world;
  auto& machine = world.start_and_boot();
  world.tell(world.vm, StopVm{"operator"});
  REQUIRE(machine.sent_of<link::Stop>().size() == 1);
  CHECK(machine.sent_of<link::Stop>().front().by == "operator");
  CHECK_FALSE(machine.was("kill operator"));
  world.advance(Duration{6'050});  // three graces of a second, and three more
  CHECK(machine.was("kill operator"));
  CHECK(world.events("deadline.passed").front()->data["state"] == "stopping");
  world.exit(CauseKind::killed);
  CHECK(world.state() == VmState::stopped);
  CHECK_FALSE(world.owner->last<VmFinished>().cause);
  CHECK_FALSE(machine.was("release process"));
}

TEST_CASE("a failed VM stays failed when it is stopped", "[caf][vm]") {
  Fixture world;
  auto& machine = world.start_and_boot();
  machine.reports->on_says(child_news(link::ChildNewsKind::started, "miner"));
  world.run();
  world.tell(world.vm, StopVm{"controller"});
  CHECK(world.state() == VmState::failed);
  world.exit(CauseKind::killed);
  CHECK(world.state() == VmState::failed);
}

TEST_CASE("only the owner's token dismantles, in reverse order", "[caf][vm]") {
  Fixture world;
  auto& machine = world.start_and_boot();
  world.tell(world.vm, DismantleVm{{"another", "vm", "p"}});
  world.tell(world.vm, DismantleVm{{"session", "another", "p"}});
  CHECK(machine.sent_of<link::Stop>().empty());

  world.tell(world.vm, DismantleVm{{"session", "vm", "p"}});
  world.tell(world.vm, DismantleVm{{"session", "vm", "p"}});
  CHECK(machine.sent_of<link::Stop>().size() == 1);
  CHECK(world.events("resource.released").empty());
  world.exit(CauseKind::killed);
  const auto released = world.events("resource.released");
  REQUIRE(released.size() == 3);
  CHECK(released.at(0)->data["kind"] == "process");
  CHECK(released.at(1)->data["kind"] == "directory");
  CHECK(released.at(2)->data["kind"] == "address");
  CHECK(world.owner->count<VmDismantled>() == 1);
  CHECK(world.ask<VmList>(world.environment->directory.ledger(), ListVms{}).vms.empty());
  CHECK(world.why("vm")["state"] == "stopped");
}

TEST_CASE("what can't be released is the reaper's, and the rest goes on", "[caf][vm]") {
  Fixture world;
  const auto node = std::make_shared<Inbox>();
  world.environment->directory.put(world.stand_in<NodeActor>(node));
  auto& machine = world.start_and_boot();
  machine.release_failure = some_cause(CauseKind::disk_full, "It is stuck.");
  world.tell(world.vm, DismantleVm{{"session", "vm", "p"}});
  world.exit(CauseKind::killed);
  const auto orphan = node->last<OrphansFound>().orphans.at(0);
  CHECK(orphan.vm == "vm");
  CHECK(orphan.session == "session");
  CHECK(orphan.driver == "process");
  CHECK(orphan.cause.message == "It is stuck.");
  REQUIRE(orphan.resources.size() == 2);
  CHECK(orphan.resources.at(0).kind == "directory");
  CHECK(orphan.resources.at(1).kind == "process");
  CHECK(world.events("resource.released").size() == 1);
  CHECK(world.owner->count<VmDismantled>() == 1);
}

TEST_CASE("a consent that is void by now releases nothing", "[caf][vm]") {
  Fixture world;
  world.start_and_boot();
  world.is_allowed = false;
  world.tell(world.vm, DismantleVm{{"session", "vm", "p"}});
  world.exit(CauseKind::killed);
  CHECK(world.events("resource.released").empty());
  world.is_allowed = true;
  world.tell(world.vm, DismantleVm{{"session", "vm", "p"}});
  CHECK(world.has_ended());
  CHECK(world.owner->count<VmDismantled>() == 1);
}

TEST_CASE("a VM that was never started is dismantled without a machine", "[caf][vm]") {
  Fixture world;
  world.tell(world.vm, DismantleVm{{"session", "vm", "p"}});
  CHECK(world.owner->count<VmDismantled>() == 1);
  CHECK(world.driver->machines.empty());
}

TEST_CASE("a warm guest's new owner hears where it stands", "[caf][vm]") {
  Fixture world{""};
  auto& machine = world.start_and_boot();
  const auto session = std::make_shared<Inbox>();
  world.tell(world.vm, AssignVm{"session", "https://example.org/", Duration{1000},
                                world.stand_in<VmOwnerActor>(session)});
  CHECK(machine.sent_of<link::Assign>().front().url == "https://example.org/");
  CHECK(session->last<VmChanged>().state == VmState::ready);
  CHECK(session->count<VmStageReached>() == 7);
  REQUIRE(session->count<VmChildNews>() == 2);
  CHECK(session->last<VmChildNews>().news.kind == link::ChildNewsKind::ready);
  CHECK(world.logs->owners["vm"] == "session");
  world.tell(world.vm, DismantleVm{{"", "vm", ""}});
  CHECK(machine.sent_of<link::Stop>().empty());
}

TEST_CASE("a warm guest that ended while it was handed over says so", "[caf][vm]") {
  Fixture world{""};
  world.start_and_boot();
  world.exit();
  const auto session = std::make_shared<Inbox>();
  world.tell(world.vm,
             AssignVm{"session", "", Duration{1000}, world.stand_in<VmOwnerActor>(session)});
  CHECK(session->last<VmFinished>().cause->kind == CauseKind::vmm_exited);
}
