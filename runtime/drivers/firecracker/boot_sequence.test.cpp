#include "runtime/drivers/firecracker/boot_sequence.hpp"

#include <catch2/catch.hpp>

#include "runtime/drivers/firecracker/fake_rig.test.hpp"

using namespace aerie::firecracker;
using aerie::Cause;
using aerie::CauseKind;
using aerie::UniqueFd;
using aerie::testing::Eventually;

namespace {

/// A boot of the rig's machine, and what came of it.
struct Boot {
  Boot(FakeRig& on, Plan plan) : rig(on) {
    rig.ours.call([&] {
      sequence = std::make_unique<BootSequence>(
          rig.ours, VmSockets{rig.path("api.sock"), rig.path("v.sock"), 7000}, std::move(plan),
          BootPatience{},
          BootSequence::Events{[this] { booted.set(true); },
                               [this](UniqueFd fd) { link.set(std::move(fd)); },
                               [this](Cause cause) {
                                 sequence.reset();
                                 failed.set(std::move(cause));
                               }});
    });
  }
  ~Boot() {
    rig.ours.call([this] { sequence.reset(); });
  }
  FakeRig& rig;
  Eventually<bool> booted;
  Eventually<UniqueFd> link;
  Eventually<Cause> failed;
  std::unique_ptr<BootSequence> sequence;
};

aerie::test::FakeFirecracker::Guest listening_guest(UniqueFd& guest_end) {
  aerie::test::FakeFirecracker::Guest guest;
  guest.connect = [&](std::uint32_t port) {
    if (port != 7000) return UniqueFd{};
    auto pair = std::move(*aerie::unix_socket_pair());
    guest_end = std::move(pair.second);
    return std::move(pair.first);
  };
  return guest;
}

}  // namespace

TEST_CASE("a boot ends with the guest's link", "[firecracker][boot]") {
  UniqueFd guest_end;
  FakeRig rig{listening_guest(guest_end)};
  Boot boot{rig, boot_plan(rig.settings())};
  SECTION("a guest that listens after the start was answered") {
    boot.booted.get();
    rig.ours.call([&] { boot.sequence->guest_listens(); });
  }
  SECTION("a guest that listens before") {
    rig.ours.call([&] { boot.sequence->guest_listens(); });
    boot.booted.get();
  }
  CHECK(boot.link.get());
  rig.ours.call([&] { CHECK(boot.sequence->api() != nullptr); });
}

TEST_CASE("a boot that Firecracker refuses is the refusal", "[firecracker][boot]") {
  FakeRig rig;
  rig.write("vmlinux", "MZ");
  Boot boot{rig, boot_plan(rig.settings())};
  CHECK(boot.failed.get().kind == CauseKind::kernel_not_elf);
}

TEST_CASE("a guest that says it listens and does not is a lost link", "[firecracker][boot]") {
  FakeRig rig;
  Boot boot{rig, boot_plan(rig.settings())};
  rig.ours.call([&] { boot.sequence->guest_listens(); });
  CHECK(boot.failed.get().kind == CauseKind::link_lost);
}
