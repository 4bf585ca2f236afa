#pragma once

#include <cstdint>
#include <string>

#include "messages/cause.hpp"

namespace aerie {

/// Which process, for as long as the host runs: a number alone may be another's by now.
struct ProcessIdentity {
  std::int64_t pid = 0;     ///< 0: none
  std::uint64_t start = 0;  ///< in clock ticks since the host's boot (proc(5), `starttime`)
  std::string boot;         ///< /proc/sys/kernel/random/boot_id

  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

/// Of the process with this number now; `start` 0 where there is none.
[[nodiscard]] ProcessIdentity identity_of(std::int64_t pid);

/// What the next controller must know to take a guest over: `guest.json` in the guest's directory,
/// which nobody but the controller's user reads.
struct GuestRecord {
  std::string secret;       ///< of the link
  ProcessIdentity process;  ///< the guest's first one on this host
  int slot = -1;            ///< -1: not known
  std::string driver = "process";
};

/// Written whole or not at all. Errors: `disk-full`, `store-failed`.
[[nodiscard]] Result<void> write_guest_record(const std::string& directory,
                                              const GuestRecord& record);

/// Errors: `controller-restarted` where there is none, or none that can be read.
[[nodiscard]] Result<GuestRecord> read_guest_record(const std::string& directory);

}  // namespace aerie
