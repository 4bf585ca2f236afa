#include "runtime/drivers/firecracker/boot_plan.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "runtime/drivers/firecracker/fake_rig.test.hpp"

using namespace aerie::firecracker;
using aerie::CauseKind;
using aerie::Json;
using State = aerie::test::FakeMicrovm::State;

namespace {

State state_of(FakeRig& rig) {
  State state{};
  rig.theirs.call([&] { state = rig.fake->machine().state(); });
  return state;
}

std::vector<std::string> names(const Plan& plan) {
  std::vector<std::string> all;
  for (const auto& step : plan)
    all.push_back(name_of(step.request));
  return all;
}

/// Takes a started machine's snapshot and lets the rig's process be followed by a fresh one.
void save(FakeRig& rig) {
  REQUIRE(rig.follow(boot_plan(rig.settings())));
  REQUIRE(rig.follow(save_plan({rig.path("state"), rig.path("memory")}, SnapshotKind::full)));
}

RestoreSettings restore_settings(const FakeRig& of) {
  RestoreSettings settings;
  settings.load.files = {of.path("state"), of.path("memory")};
  settings.load.taps = {{"eth0", "tap1"}};
  return settings;
}

}  // namespace

TEST_CASE("the plan of a boot starts it", "[firecracker][plan]") {
  FakeRig rig;
  const auto plan = boot_plan(rig.settings());
  REQUIRE(rig.follow(plan));
  CHECK(state_of(rig) == State::running);
  CHECK(rig.heard().size() == plan.size());
  CHECK(names(plan).back() == "PUT /actions");
  const auto starts = std::count_if(plan.begin(), plan.end(), [](const Step& step) {
    return step.request == act(Action::start_instance);
  });
  CHECK(starts == 1);
  CHECK(rig.ask(get_metadata()).value() == Json{{"session", "1"}});
}

TEST_CASE("nothing of a boot may come after the start", "[firecracker][plan]") {
  FakeRig rig;
  const auto plan = boot_plan(rig.settings());
  REQUIRE(rig.follow(plan));
  for (const auto& step : plan) {
    if (step.request.path == "/mmds") continue;  // metadata may change at any time
    const auto again = rig.ask(step.request);
    INFO(name_of(step.request));
    REQUIRE_FALSE(again);
    CHECK(again.error().kind == CauseKind::vmm_failed);
    CHECK(again.error().message.find("not supported after starting the microVM") !=
          std::string::npos);
  }
}

TEST_CASE("nothing of a running machine may come before the start", "[firecracker][plan]") {
  FakeRig rig;
  const auto request = GENERATE_COPY(values<ApiRequest>({
      act(Action::send_ctrl_alt_del),
      act(Action::flush_metrics),
      change_state(VmTransition::pause),
      create_snapshot({"s", "m"}, SnapshotKind::full),
      patch_drive_path("root", "/p"),
      patch_balloon(1),
  }));
  const auto refused = rig.ask(request);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("not supported before starting the microVM") !=
        std::string::npos);
}

TEST_CASE("a boot that is refused is named and goes no further", "[firecracker][plan]") {
  FakeRig rig;
  auto settings = rig.settings();
  auto kind = CauseKind::clean;
  SECTION("a compressed kernel") {
    rig.write("vmlinux", "MZ, a bzImage");
    kind = CauseKind::kernel_not_elf;
  }
  SECTION("no kernel") {
    settings.source.kernel = rig.path("none");
    kind = CauseKind::root_missing;
  }
  SECTION("no root file system") {
    settings.drives.front().path = rig.path("none");
    kind = CauseKind::root_missing;
  }
  SECTION("a socket that another left") {
    rig.write("v.sock", "");
    kind = CauseKind::address_in_use;
  }
  SECTION("one tap for two") {
    settings.interfaces.push_back({"eth1", "tap0", "", {}, {}, {}});
    kind = CauseKind::address_in_use;
  }
  SECTION("no memory") {
    settings.machine.memory_mib = 0;
    kind = CauseKind::memory_too_small;
  }
  SECTION("two roots") {
    settings.drives.back().is_root = true;
    kind = CauseKind::vmm_failed;
  }
  SECTION("metadata over an interface that there is not") {
    settings.metadata_service->interfaces = {"eth9"};
    kind = CauseKind::vmm_failed;
  }
  const auto outcome = rig.follow(boot_plan(settings));
  REQUIRE_FALSE(outcome);
  INFO(outcome.error().message);
  CHECK(outcome.error().kind == kind);
  CHECK(state_of(rig) == State::not_started);
}

TEST_CASE("a machine that is saved goes on", "[firecracker][plan]") {
  FakeRig rig;
  save(rig);
  CHECK(state_of(rig) == State::running);
  CHECK(names(save_plan({"s", "m"}, SnapshotKind::full)) ==
        std::vector<std::string>{"PATCH /vm", "PUT /snapshot/create", "PATCH /vm"});
}

TEST_CASE("a machine goes on also where saving it failed", "[firecracker][plan]") {
  FakeRig rig;
  REQUIRE(rig.follow(boot_plan(rig.settings())));
  const auto outcome =
      rig.follow(save_plan({rig.path("none/state"), rig.path("memory")}, SnapshotKind::full));
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().message.find("PUT /snapshot/create") != std::string::npos);
  CHECK(state_of(rig) == State::running);
}

TEST_CASE("a diff is of a machine that tracks what changes", "[firecracker][plan]") {
  FakeRig rig;
  auto settings = rig.settings();
  settings.machine.tracks_dirty_pages = GENERATE(false, true);
  REQUIRE(rig.follow(boot_plan(settings)));
  const auto outcome =
      rig.follow(save_plan({rig.path("state"), rig.path("memory")}, SnapshotKind::diff));
  CHECK(outcome.has_value() == settings.machine.tracks_dirty_pages);
}

TEST_CASE("a running machine can't be saved", "[firecracker][plan]") {
  FakeRig rig;
  REQUIRE(rig.follow(boot_plan(rig.settings())));
  const auto outcome = rig.ask(create_snapshot({rig.path("s"), rig.path("m")}, SnapshotKind::full));
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().message.find("unavailable while running") != std::string::npos);
}

TEST_CASE("a fresh process takes up what was saved", "[firecracker][plan]") {
  FakeRig first;
  save(first);
  FakeRig second;
  auto settings = restore_settings(first);
  settings.log = second.path("log");
  settings.load.socket_path = second.path("other.sock");
  settings.metadata = {{"session", "2"}};
  settings.limiters["root"] = {TokenBucket{1 << 20, 1000, 0}, std::nullopt};
  const auto plan = restore_plan(settings);
  REQUIRE(second.follow(plan));
  CHECK(state_of(second) == State::running);
  CHECK(second.ask(get_metadata()).value() == Json{{"session", "2"}});
  second.theirs.call([&] {
    const auto& now = second.fake->machine();
    CHECK(now.vsock_path() == second.path("other.sock"));
    CHECK(now.configuration().at("/network-interfaces").at("eth0").at("host_dev_name") == "tap1");
  });
  const auto load = std::find_if(plan.begin(), plan.end(), [](const Step& step) {
    return step.request.path == "/snapshot/load";
  });
  REQUIRE(load != plan.end());
  CHECK(std::all_of(plan.begin(), load,
                    [](const Step& step) { return may_precede_load(step.request); }));
}

TEST_CASE("a process that has a machine loads no other", "[firecracker][plan]") {
  FakeRig first;
  save(first);
  FakeRig second;
  const auto settings = second.settings();
  const std::vector<ApiRequest> puts{put_machine_configuration(settings.machine),
                                     put_boot_source(settings.source),
                                     put_drive(settings.drives.front()),
                                     put_network_interface(settings.interfaces.front()),
                                     put_entropy_device(),
                                     put_vsock(*settings.vsock)};
  const auto& put = puts.at(GENERATE(range(std::size_t{0}, std::size_t{6})));
  CHECK_FALSE(may_precede_load(put));
  REQUIRE(second.ask(put));
  const auto outcome = second.follow(restore_plan(restore_settings(first)));
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == CauseKind::image_corrupt);
  CHECK(outcome.error().message.find("not allowed after configuring boot-specific resources") !=
        std::string::npos);
}

TEST_CASE("a saved state that is gone or damaged ends the process that loads it",
          "[firecracker][plan]") {
  FakeRig first;
  save(first);
  auto settings = restore_settings(first);
  SECTION("gone") {
    settings.load.files.memory = first.path("none");
  }
  SECTION("damaged") {
    first.write("state", "not what it was");
  }
  aerie::testing::Eventually<bool> ended;
  aerie::test::FakeFirecracker::Guest guest;
  guest.on_exit = [&] { ended.set(true); };
  FakeRig second{std::move(guest)};
  const auto outcome = second.follow(restore_plan(settings));
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == CauseKind::image_corrupt);
  CHECK(ended.get());
}

TEST_CASE("drives are known by their names", "[firecracker][plan]") {
  FakeRig rig;
  REQUIRE(rig.follow(boot_plan(rig.settings())));
  CHECK(rig.ask(patch_drive_path("overlay", rig.path("root"))));
  const auto unknown = rig.ask(patch_drive_path("scratch", rig.path("root")));
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message.find("Unable to patch the block device") != std::string::npos);
}
