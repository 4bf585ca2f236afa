#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "messages/cause.hpp"

namespace aerie {

struct CgroupLimits {
  std::uint64_t memory_bytes = 0;  ///< 0: no limit
  std::uint64_t pids = 0;          ///< 0: no limit
};

/// Where this process may make cgroups for guests.
struct CgroupMounts {
  /// A hierarchy of our own groups: `directory` is where they are made.
  struct Hierarchy {
    std::string directory;
    bool memory = false;
    bool pids = false;
    bool unified = false;  ///< version 2
  };
  std::vector<Hierarchy> hierarchies;  ///< empty: not available
  std::string why;  ///< one sentence for `doctor`: what is limited, or why nothing is

  [[nodiscard]] bool limits_memory() const;
  [[nodiscard]] bool limits_pids() const;
};

/// Finds what is mounted and writable (cgroups(7): /proc/self/cgroup and /proc/self/mountinfo).
/// Never an error: without cgroups the answer is an empty list that says why.
[[nodiscard]] CgroupMounts discover_cgroups();

/// The pure part of it: parses the two files' text, with `writable` told by the caller.
struct CgroupMountPoint {
  std::string directory;                 ///< our own group's directory within the mount
  std::vector<std::string> controllers;  ///< version 1's; empty for version 2
  bool unified = false;
};
[[nodiscard]] std::vector<CgroupMountPoint> cgroup_mount_points(const std::string& self_cgroup,
                                                                const std::string& mountinfo);

/// The names of the groups there are, whoever made them, each once.
[[nodiscard]] std::set<std::string> list_cgroups(const CgroupMounts& mounts);

/// A group of processes under limits. The object only names it: dropping it leaves the group, which
/// outlives a restart of the controller; `remove` ends it.
class Cgroup {
 public:
  /// Makes (or finds again) the group `aerie/NAME` with these limits; `name` like the contract's
  /// names. `quota` when a limit cannot be set. Without hierarchies an empty group that does
  /// nothing.
  [[nodiscard]] static Result<Cgroup> create(const CgroupMounts& mounts, const std::string& name,
                                             const CgroupLimits& limits);

  /// For `SpawnRequest::cgroup_procs`.
  [[nodiscard]] std::vector<std::string> procs_paths() const;
  /// Pids in it, as seen by us.
  [[nodiscard]] std::vector<int> processes() const;
  /// How often the kernel's OOM killer chose one of its processes; empty when not known.
  [[nodiscard]] std::optional<std::uint64_t> oom_kills() const;
  /// Bytes of memory charged to it; empty when not known.
  [[nodiscard]] std::optional<std::uint64_t> memory_bytes() const;
  /// SIGKILL to everything in it (`cgroup.kill`, else one by one until a pass finds none new).
  void kill_all() const;
  /// Removes the directories; false when there were none, `address_in_use` names the pids while
  /// processes are in it.
  [[nodiscard]] Result<bool> remove() const;

 private:
  std::vector<CgroupMounts::Hierarchy> groups_;
};

}  // namespace aerie
