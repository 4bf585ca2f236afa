#pragma once

#include <optional>
#include <string_view>
#include <sys/types.h>

namespace aerie {

/// The pid by which we know the process that calls itself `inner_pid` within the pid namespace of
/// `member_pid` (any process of that namespace, by our pid). Empty when there is none, or it is not
/// ours to see. Reads `NSpid` of /proc/*/status (proc(5)); a few milliseconds, not for an actor.
[[nodiscard]] std::optional<pid_t> host_pid(pid_t member_pid, pid_t inner_pid);

/// The last number of a status file's `NSpid` line: the pid in the innermost namespace.
[[nodiscard]] std::optional<pid_t> innermost_pid(std::string_view status);

}  // namespace aerie
