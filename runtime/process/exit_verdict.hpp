#pragma once

#include <optional>
#include <string>
#include <vector>

#include "messages/cause.hpp"

namespace aerie {

/// How the kernel says a process ended: `si_code` and `si_status` of waitid(2).
struct WaitStatus {
  enum class How { exited, signaled };
  How how = How::exited;
  int value = 0;  ///< exit status or signal number
};

/// What else is known when a process ends.
struct ExitContext {
  std::string child;                    ///< its name in the profile
  std::optional<std::string> asked_by;  ///< who asked for the end, if somebody of ours did
  bool oom_killed = false;              ///< the kernel counted an OOM kill in its cgroup
  std::vector<std::string> tail;        ///< its last lines
};

struct ExitVerdict {
  CauseKind kind = CauseKind::clean;
  std::string message;
  std::optional<std::string> remedy;
  std::optional<int> code;
  std::optional<std::string> signal;
};

/// Names an end. Pure. What the last lines say (a missing library or symbol, a taken port) counts
/// only for an end that is not clean and that nobody asked for.
[[nodiscard]] ExitVerdict classify_exit(WaitStatus status, const ExitContext& context);

/// `SIGSEGV` for 11, `SIG77` for what has no name.
[[nodiscard]] std::string signal_name(int number);
/// 11 for `SIGSEGV`, `SEGV` or `11`; empty for anything else.
[[nodiscard]] std::optional<int> signal_number(const std::string& name);
/// `ENOENT` for 2, `errno 999` for what has no name.
[[nodiscard]] std::string errno_name(int number);

}  // namespace aerie
