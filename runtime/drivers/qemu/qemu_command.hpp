#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages/profile.hpp"

namespace aerie {

/// How QEMU runs the guest's processor.
enum class Acceleration { kvm, tcg };

/// Which of QEMU's descriptors is what. They are passed, so that QEMU needs no path of ours and
/// runs as a user who can reach none.
namespace qemu_fd {
inline constexpr int kernel = 3;
inline constexpr int initrd = 4;
inline constexpr int root = 5;
inline constexpr int overlay = 6;
inline constexpr int console = 7;
inline constexpr int link = 8;  ///< a listening socket
inline constexpr int qmp = 9;   ///< likewise
inline constexpr int tap = 10;
inline constexpr int state = 11;
}  // namespace qemu_fd

inline constexpr const char* qemu_program = "qemu-system-x86_64";

/// What the machine is made of, as far as a saved state must agree with it.
struct QemuMachine {
  Acceleration acceleration = Acceleration::tcg;
  Resources resources;
  bool has_tap = false;                        ///< else its interface leads nowhere, but for:
  std::vector<std::uint16_t> forwarded_ports;  ///< UDP, of this host's loopback to the guest's
  std::string kernel_arguments;                ///< see `qemu_kernel_arguments`
  int disk_mib_per_second = 0;                 ///< of the overlay; 0: no limit
};

/// The guest's side of QEMU's own network, where there is no tap: its first media port, which the
/// first of `forwarded_ports` leads to; the others follow.
namespace qemu_network {
inline constexpr const char* guest = "10.0.2.15";
inline constexpr const char* gateway = "10.0.2.2";
inline constexpr std::uint16_t first_port = 50'000;
}  // namespace qemu_network

/// The command line of qemu(1): the machine `microvm` with virtio-mmio disks, console port,
/// randomness and network, seccomp sandbox on, nothing by default. `is_restored`: the guest comes
/// from the state on `qemu_fd::state` instead of a boot.
[[nodiscard]] std::vector<std::string> qemu_command(const QemuMachine& machine, bool is_restored);

/// The guest kernel's arguments. `tsc_khz`: how fast the guest's time stamp counter goes, where
/// nothing in the machine tells it; 0: something does.
[[nodiscard]] std::string qemu_kernel_arguments(std::int64_t tsc_khz);

/// Memory of QEMU itself beyond the guest's, in MiB: its own and TCG's translated code.
[[nodiscard]] int qemu_overhead_mib(Acceleration acceleration);

}  // namespace aerie
