#include "runtime/drivers/qemu/qemu_command.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace {

using Words = std::vector<std::string>;

/// What follows the option, each time it is given.
Words values(const Words& command, const std::string& option) {
  Words found;
  for (std::size_t i = 0; i + 1 < command.size(); ++i)
    if (command[i] == option) found.push_back(command[i + 1]);
  return found;
}

bool has(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

aerie::QemuMachine machine() {
  aerie::QemuMachine machine;
  machine.resources = {2, 384};
  machine.kernel_arguments = aerie::qemu_kernel_arguments(2'500'000);
  return machine;
}

}  // namespace

TEST_CASE("what a guest writes can be limited", "[qemu]") {
  auto limited = machine();
  CHECK(values(aerie::qemu_command(limited, false), "-object").size() == 1);  // randomness
  limited.disk_mib_per_second = 50;
  const auto command = aerie::qemu_command(limited, false);
  CHECK(has(values(command, "-object"), "throttle-group,id=overlay-limit,x-bps-total=52428800"));
  CHECK(has(values(command, "-device"),
            "virtio-blk-device,werror=report,rerror=report,drive=overlay-limited,serial=overlay"));
  CHECK(has(values(command, "-device"),
            "virtio-blk-device,werror=report,rerror=report,drive=root,serial=root"));
}

TEST_CASE("QEMU gets a microvm with nothing by default and its sandbox on", "[vm][qemu]") {
  const auto command = aerie::qemu_command(machine(), false);
  CHECK(command.front() == "qemu-system-x86_64");
  CHECK(has(command, "-nodefaults"));
  CHECK(has(command, "-no-user-config"));
  CHECK(has(command, "-no-reboot"));
  CHECK(values(command, "-m") == Words{"384M"});
  CHECK(values(command, "-smp") == Words{"2"});
  REQUIRE(values(command, "-sandbox").size() == 1);
  CHECK(values(command, "-sandbox").front().find("spawn=deny") != std::string::npos);
  CHECK(values(command, "-netdev") == Words{"hubport,id=net,hubid=0"});
  CHECK(values(command, "-incoming").empty());
}

TEST_CASE("QEMU opens nothing by a path of ours", "[vm][qemu]") {
  auto wanted = machine();
  wanted.has_tap = true;
  for (const auto& word : aerie::qemu_command(wanted, true)) {
    const auto slash = word.find('/');
    if (slash == std::string::npos || word.starts_with("console=")) continue;
    CHECK(word.substr(slash, 5) == "/dev/");
  }
}

TEST_CASE("the root is read-only, the overlay is not", "[vm][qemu]") {
  const auto disks = values(aerie::qemu_command(machine(), false), "-blockdev");
  REQUIRE(disks.size() == 2);
  CHECK(disks[0].find("node-name=root,read-only=on") != std::string::npos);
  CHECK(disks[1].find("node-name=overlay,read-only=off") != std::string::npos);
}

TEST_CASE("the same machine, cold or from a state, differs in where it comes from alone",
          "[vm][qemu]") {
  const auto cold = aerie::qemu_command(machine(), false);
  auto restored = aerie::qemu_command(machine(), true);
  CHECK(values(restored, "-incoming") == Words{"fd:11"});
  restored.resize(restored.size() - 2);
  CHECK(restored == cold);
}

TEST_CASE("the kernel is told what nothing in the machine can tell it", "[vm][qemu]") {
  CHECK(aerie::qemu_kernel_arguments(2'500'000).ends_with(" tsc_early_khz=2500000"));
  CHECK(aerie::qemu_kernel_arguments(0).find("tsc") == std::string::npos);
}

TEST_CASE("without a tap viewers' packets come in by ports of the loopback", "[vm][qemu]") {
  auto wanted = machine();
  wanted.forwarded_ports = {40'001, 40'007};
  const auto network = values(aerie::qemu_command(wanted, false), "-netdev").front();
  CHECK(network ==
        "user,id=net,restrict=on,hostfwd=udp:127.0.0.1:40001-10.0.2.15:50000,"
        "hostfwd=udp:127.0.0.1:40007-10.0.2.15:50001");
}

TEST_CASE("KVM is used where it is chosen", "[vm][qemu]") {
  auto wanted = machine();
  CHECK(values(aerie::qemu_command(wanted, false), "-accel").front().starts_with("tcg"));
  wanted.acceleration = aerie::Acceleration::kvm;
  CHECK(values(aerie::qemu_command(wanted, false), "-accel") == Words{"kvm"});
  CHECK(values(aerie::qemu_command(wanted, false), "-cpu") == Words{"host"});
  CHECK(aerie::qemu_overhead_mib(aerie::Acceleration::kvm) <
        aerie::qemu_overhead_mib(aerie::Acceleration::tcg));
}
