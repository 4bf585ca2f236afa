#include "runtime/drivers/qemu/acceleration.hpp"

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <x86intrin.h>

#include "runtime/doctor/probe.hpp"

namespace aerie {
namespace {

constexpr const char* device = "/dev/kvm";
constexpr Duration longest_probe{3000};

/// The speed of this host's time stamp counter, to 0.1 MHz, so that it is the same number each
/// time.
std::int64_t measure_tsc_khz() {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds long_enough{20};
  const auto begin = Clock::now();
  const auto first = __rdtsc();
  std::this_thread::sleep_for(long_enough);
  const auto last = __rdtsc();
  const auto took = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  constexpr double step_khz = 100;
  return std::llround(static_cast<double>(last - first) / took / step_khz) *
         static_cast<std::int64_t>(step_khz);
}

/// By the file's mode: the user is not ours.
bool may_open(const struct stat& facts, const SpawnRequest::Identity& identity) {
  const mode_t wanted = S_IROTH | S_IWOTH;
  if (facts.st_uid == identity.uid) return ((facts.st_mode >> 6U) & wanted) == wanted;
  if (facts.st_gid == identity.gid) return ((facts.st_mode >> 3U) & wanted) == wanted;
  return (facts.st_mode & wanted) == wanted;
}

Probe boot_of(const std::string& kernel, const std::optional<SpawnRequest::Identity>& identity) {
  Probe probe;
  probe.argv = {qemu_program,  "-no-user-config",
                "-nodefaults", "-display",
                "none",        "-no-reboot",
                "-M",          "microvm",
                "-accel",      "kvm",
                "-cpu",        "host",
                "-m",          "128M",
                "-kernel",     kernel,
                "-append",     "console=ttyS0 earlyprintk=ttyS0 panic=-1",
                "-serial",     "stdio"};
  probe.identity = identity;
  probe.within = longest_probe;
  probe.until_first_line = true;
  return probe;
}

}  // namespace

AccelerationChoice choose_acceleration(const std::string& kernel,
                                       const std::optional<SpawnRequest::Identity>& identity) {
  const auto emulate = [](const std::string& why) {
    return AccelerationChoice{Acceleration::tcg, measure_tsc_khz(), why + ": TCG emulates."};
  };
  struct stat facts {};
  if (::stat(device, &facts) != 0)
    return emulate(std::string{"There is no /dev/kvm ("} + std::strerror(errno) + ")");
  const bool is_open = identity ? may_open(facts, *identity) : ::access(device, R_OK | W_OK) == 0;
  if (!is_open) return emulate("The guests' user may not open /dev/kvm");
  const auto result = run_probe(boot_of(kernel, identity));
  if (result.worked) return {Acceleration::kvm, 0, "The kernel starts under KVM."};
  return emulate("/dev/kvm opens, but the kernel does not start under it");
}

}  // namespace aerie
