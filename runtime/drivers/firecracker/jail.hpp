#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "messages/cause.hpp"

namespace aerie::firecracker {

/// Where and as whom Firecracker's own `jailer` runs it (Firecracker's `docs/jailer.md`): a chroot
/// with nothing in it but what this VM needs, a user of its own, a network namespace. Only root can
/// make one.
struct JailSettings {
  std::string jailer;       ///< program
  std::string firecracker;  ///< program; its file name must contain `firecracker`
  std::string base;         ///< directory of this VM, in which the chroot is made
  std::string id;           ///< letters, digits and hyphens, at most 64
  uid_t uid = 0;            ///< not root's
  gid_t gid = 0;
  std::string network_namespace;  ///< path of its handle; empty: the host's
  int cgroup_version = 2;
  std::string parent_cgroup;                                ///< relative; empty: the jailer's
  std::vector<std::pair<std::string, std::string>> cgroup;  ///< file and value, `memory.max`
  std::optional<std::uint64_t> largest_file_bytes;
  int most_descriptors = 1024;
};

/// A file of the host that the VM needs.
struct JailedFile {
  std::string source;        ///< absolute, on the host
  std::string name;          ///< its name in the jail, without `/`
  bool is_writable = false;  ///< belongs to the jail's user then
};

/// What is wrong with the settings, named by field: `sandbox-failed`.
[[nodiscard]] Result<void> check(const JailSettings& settings);

/// The chroot as the host sees it: `BASE/firecracker/ID/root`.
[[nodiscard]] std::string jail_root(const JailSettings& settings);

/// The whole command. `arguments` are Firecracker's, whose paths are those inside the jail; the
/// jailer adds `--id` itself.
[[nodiscard]] std::vector<std::string> jail_command(const JailSettings& settings,
                                                    const std::vector<std::string>& arguments);

/// Firecracker's path of a file inside the jail.
[[nodiscard]] std::string path_in_jail(const std::string& name);

/// Makes the chroot and puts the files into it: a hard link, or a copy
/// from another file system. What is writable is given to the jail's user. Takes the
/// disk's time. Errors: `disk-full`, `root-missing` for a source, `sandbox-failed`.
[[nodiscard]] Result<void> fill_jail(const JailSettings& settings,
                                     const std::vector<JailedFile>& files);

}  // namespace aerie::firecracker
