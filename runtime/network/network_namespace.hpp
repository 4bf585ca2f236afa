#pragma once

#include <functional>
#include <string>

#include "messages/cause.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::network {

/// The network namespace of the calling thread.
[[nodiscard]] Result<UniqueFd> own_namespace();

/// Runs `task` on a thread of its own in a fresh network namespace, and waits for it. The namespace
/// is gone afterwards, unless something holds it. Errors: `network-failed`, and the task's.
[[nodiscard]] Result<void> in_fresh_namespace(const std::function<Result<void>()>& task);

/// A guest's network namespace: loopback, and a device `eth0` with ADDRESS/32 and a default route
/// over `next_hop`. Its other end is `outer`, in the caller's namespace, still down. No IPv6 beyond
/// loopback. Both ends go with the descriptor, or the last process that entered it.
[[nodiscard]] Result<UniqueFd> make_guest_namespace(const std::string& outer,
                                                    const std::string& address,
                                                    const std::string& next_hop);

/// A tap device that goes with its descriptor (TUNSETIFF of linux/if_tun.h, with virtio headers).
[[nodiscard]] Result<UniqueFd> open_tap(const std::string& name);

/// Writes /proc/sys/net/NAME of the calling thread's namespace.
[[nodiscard]] Result<void> write_setting(const std::string& name, const std::string& value);
/// Empty where there is none.
[[nodiscard]] std::string read_setting(const std::string& name);

}  // namespace aerie::network
