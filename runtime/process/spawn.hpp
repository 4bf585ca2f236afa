#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "messages/cause.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie {

/// A program to start, completely described: nothing is inherited that is not named here.
struct SpawnRequest {
  /// Program and arguments. A program without `/` is searched in the `PATH` of `env`.
  std::vector<std::string> argv;
  /// The whole environment, `{"HOME","/home/me"}`.
  std::vector<std::pair<std::string, std::string>> env;
  std::string cwd;  ///< empty: the caller's

  /// Passes `from` (the caller's descriptor, still its own) on as descriptor `to`. Unless named
  /// here, 0 is /dev/null, and 1 and 2 are the pipes.
  struct PassedFd {
    int from = -1;
    int to = -1;
  };
  std::vector<PassedFd> fds;

  /// Drops to this user and group with no supplementary groups.
  struct Identity {
    uid_t uid = 0;
    gid_t gid = 0;
  };
  std::optional<Identity> identity;

  enum class Group {
    inherit,
    process_group,  ///< leader of a new process group
    session,        ///< leader of a new session, hence of a group, without a terminal
  };
  Group group = Group::session;

  /// `cgroup.procs` files (one a hierarchy) to join before the identity is dropped.
  std::vector<std::string> cgroup_procs;
  std::optional<int> oom_score_adj;  ///< -1000 to 1000, see proc(5)
  /// Sent when the *thread* that spawned ends (prctl(2), PR_SET_PDEATHSIG).
  std::optional<int> parent_death_signal;
};

/// A started program. Whoever holds it must reap it (`waitid(P_PIDFD, …)`), as `Process` does.
struct Child {
  pid_t pid = -1;
  std::string program;  ///< the file that was executed
  UniqueFd pidfd;
  UniqueFd out;  ///< reading end of its standard output, non-blocking
  UniqueFd err;
};

/// Why a program did not start.
struct SpawnFailure {
  Cause cause;
  std::string errno_name;  ///< `ENOENT`
};

/// Starts the program and returns once exec succeeded or failed: a failed one leaves no process and
/// is named precisely, by looking at the file: `exec_not_found`, `exec_not_executable`,
/// `exec_wrong_format`, `interpreter_missing` (the `#!` line's), `loader_missing` (the ELF
/// interpreter); `sandbox_failed` for a step before exec (which one, in the message); `quota` when
/// the kernel has no process or descriptor left. Blocks for about a millisecond. From any thread.
[[nodiscard]] tl::expected<Child, SpawnFailure> spawn(const SpawnRequest& request);

}  // namespace aerie
