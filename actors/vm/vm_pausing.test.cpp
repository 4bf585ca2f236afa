#include <catch2/catch.hpp>

#include "actors/core/world.test.hpp"
#include "actors/vm/vm.hpp"

using namespace aerie;
using namespace aerie::testing;

namespace {

struct Fixture : World {
  Fixture() : vm(start_vm(stand_in<VmOwnerActor>(owner), "session")) {
    tell(vm, StartVm{});
    boot(machine());
  }
  /// Wishes it, and lets the machine's answer come.
  std::optional<Cause> wish(bool is_paused, std::optional<Cause> failure = {}) {
    const auto answer = ask_later<VmPaused>(vm, PauseVm{is_paused, "operator"});
    CHECK_FALSE(answer->has_value());
    machine()->reports->on_paused(is_paused, std::move(failure));
    run();
    return answer->value().failure;
  }
  [[nodiscard]] bool is_told_paused() const { return owner->last<VmChanged>().is_paused; }

  std::shared_ptr<Inbox> owner = std::make_shared<Inbox>();
  VmActor vm;
};

}  // namespace

TEST_CASE("a guest is halted and goes on, and its owner hears of both", "[caf][vm]") {
  Fixture world;
  CHECK_FALSE(world.wish(true));
  CHECK(world.machine()->was("pause"));
  CHECK(world.is_told_paused());
  CHECK(world.events("vm.state").back()->data["paused"] == true);
  CHECK(world.events("vm.state").back()->data["by"] == "operator");
  CHECK_FALSE(world.wish(false));
  CHECK(world.machine()->was("go on"));
  CHECK_FALSE(world.is_told_paused());
  CHECK(world.events("vm.state").back()->data["paused"] == false);
}

TEST_CASE("who wants what is so already is answered at once", "[caf][vm]") {
  Fixture world;
  CHECK_FALSE(world.ask<VmPaused>(world.vm, PauseVm{false, "operator"}).failure);
  CHECK_FALSE(world.machine()->was("go on"));
}

TEST_CASE("a machine that can't be halted says why, and is not", "[caf][vm]") {
  Fixture world;
  const auto failure = world.wish(true, some_cause(CauseKind::vmm_failed, "No monitor."));
  REQUIRE(failure);
  CHECK(failure->message == "No monitor.");
  CHECK_FALSE(world.is_told_paused());
}

TEST_CASE("only one such wish is under way", "[caf][vm]") {
  Fixture world;
  const auto first = world.ask_later<VmPaused>(world.vm, PauseVm{true, "ada"});
  const auto second = world.ask<VmPaused>(world.vm, PauseVm{false, "operator"}).failure;
  REQUIRE(second);
  CHECK(second->message.find("ada") != std::string::npos);
  CHECK_FALSE(first->has_value());
}

TEST_CASE("a guest that is not ready is not halted", "[caf][vm]") {
  Fixture world;
  world.tell(world.vm, StopVm{"owner"});
  const auto failure = world.ask<VmPaused>(world.vm, PauseVm{true, "operator"}).failure;
  REQUIRE(failure);
  CHECK(failure->message.find("stopping") != std::string::npos);
}

TEST_CASE("a guest that ends while it is being halted is told as that", "[caf][vm]") {
  Fixture world;
  const auto answer = world.ask_later<VmPaused>(world.vm, PauseVm{true, "operator"});
  world.machine()->reports->on_exited(exit_of("vmm", CauseKind::exit_code));
  world.run();
  REQUIRE(answer->has_value());
  CHECK((**answer).failure->kind == CauseKind::vmm_exited);
}

TEST_CASE("a guest that is halted goes on to hear that it is to end", "[caf][vm]") {
  Fixture world;
  CHECK_FALSE(world.wish(true));
  world.tell(world.vm, StopVm{"owner"});
  CHECK(world.machine()->calls.back() == "go on");
  CHECK(world.machine()->sent_of<link::Stop>().size() == 1);
}

TEST_CASE("a guest that is just being halted goes on to hear that it is to end", "[caf][vm]") {
  Fixture world;
  const auto answer = world.ask_later<VmPaused>(world.vm, PauseVm{true, "operator"});
  world.tell(world.vm, StopVm{"owner"});
  CHECK(world.machine()->calls.back() == "go on");
  world.machine()->reports->on_paused(true, std::nullopt);
  world.machine()->reports->on_paused(false, std::nullopt);
  world.run();
  CHECK(answer->has_value());
  CHECK_FALSE(world.is_told_paused());
}

TEST_CASE("who waits for a guest to be halted hears of its actor's end", "[caf][vm]") {
  Fixture world;
  const auto answer = world.ask_later<VmPaused>(world.vm, PauseVm{true, "operator"});
  world.crash(world.vm);
  REQUIRE(answer->has_value());
  CHECK((**answer).failure->kind == CauseKind::controller_restarted);
}

TEST_CASE("a halted guest's silent network is no fault", "[caf][vm]") {
  Fixture world;
  CHECK_FALSE(world.wish(true));
  world.machine()->reports->on_network(some_cause(CauseKind::network_failed));
  world.run();
  CHECK(world.events("doctor.failed").empty());
}
