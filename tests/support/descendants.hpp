#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace aerie::test {

/// The processes below this one whose program is named so (the kernel's 15 characters, proc(5)), as
/// they are now; zombies do not count.
[[nodiscard]] std::vector<pid_t> descendants(const std::string& name);

/// Processor time a process has used so far, all its threads, in seconds; 0 if it is gone.
[[nodiscard]] double processor_seconds(pid_t pid);

}  // namespace aerie::test
