#include "runtime/process/cgroup.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <set>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/process/cgroup_files.hpp"
#include "runtime/process/exit_verdict.hpp"

namespace aerie {
namespace {

constexpr const char* parent_name = "aerie";
/// A fork bomb may outrun a pass over its pids; the pids limit bounds how long.
constexpr int most_kill_passes = 100;

Cause failed(const std::string& what, int error) {
  return {CauseKind::quota,
          what + ": " + std::strerror(error) + " (" + errno_name(error) + ").",
          "Let this user write to its cgroups, or start the controller without them.",
          {}};
}

std::optional<Cause> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return std::nullopt;
  return failed("The cgroup " + path + " cannot be made", errno);
}

std::optional<Cause> set(const std::string& path, std::uint64_t value) {
  if (value == 0) return std::nullopt;
  const int error = cgroup_files::write(path, std::to_string(value));
  if (error == 0) return std::nullopt;
  return failed("The limit " + path + " cannot be set to " + std::to_string(value), error);
}

/// Swap would let a guest exceed its memory; kernels without swap accounting lack these files.
void forbid_swap(const CgroupMounts::Hierarchy& group, std::uint64_t memory_bytes) {
  if (group.unified)
    cgroup_files::write(group.directory + "/memory.swap.max", "0");
  else
    cgroup_files::write(group.directory + "/memory.memsw.limit_in_bytes",
                        std::to_string(memory_bytes));
}

std::optional<Cause> set_limits(const CgroupMounts::Hierarchy& group, const CgroupLimits& limits) {
  if (group.memory) {
    const auto* file = group.unified ? "/memory.max" : "/memory.limit_in_bytes";
    if (auto failure = set(group.directory + file, limits.memory_bytes)) return failure;
    if (limits.memory_bytes > 0) forbid_swap(group, limits.memory_bytes);
  }
  return group.pids ? set(group.directory + "/pids.max", limits.pids) : std::nullopt;
}

Result<CgroupMounts::Hierarchy> make_group(CgroupMounts::Hierarchy hierarchy,
                                           const std::string& name, const CgroupLimits& limits) {
  hierarchy.directory += std::string{"/"} + parent_name;
  if (auto failure = make_directory(hierarchy.directory)) return tl::unexpected(*failure);
  if (hierarchy.unified)
    for (const auto* controller :
         {hierarchy.memory ? "+memory" : "", hierarchy.pids ? "+pids" : ""})
      if (*controller != '\0')
        cgroup_files::write(hierarchy.directory + "/cgroup.subtree_control", controller);
  hierarchy.directory += "/" + name;
  if (auto failure = make_directory(hierarchy.directory)) return tl::unexpected(*failure);
  if (auto failure = set_limits(hierarchy, limits)) return tl::unexpected(*failure);
  return hierarchy;
}

std::vector<int> pids_in(const std::string& directory) {
  std::istringstream text{cgroup_files::read(directory + "/cgroup.procs").value_or("")};
  std::vector<int> pids;
  for (int pid = 0; text >> pid;)
    pids.push_back(pid);
  return pids;
}

}  // namespace

std::set<std::string> list_cgroups(const CgroupMounts& mounts) {
  std::set<std::string> names;
  std::error_code error;
  for (const auto& hierarchy : mounts.hierarchies)
    for (const auto& entry :
         std::filesystem::directory_iterator{hierarchy.directory + "/" + parent_name, error})
      if (entry.is_directory(error)) names.insert(entry.path().filename());
  return names;
}

Result<Cgroup> Cgroup::create(const CgroupMounts& mounts, const std::string& name,
                              const CgroupLimits& limits) {
  Cgroup cgroup;
  for (const auto& hierarchy : mounts.hierarchies) {
    auto group = make_group(hierarchy, name, limits);
    if (!group) {
      [[maybe_unused]] const auto removed = cgroup.remove();
      return tl::unexpected(group.error());
    }
    cgroup.groups_.push_back(std::move(*group));
  }
  return cgroup;
}

std::vector<std::string> Cgroup::procs_paths() const {
  std::vector<std::string> paths;
  for (const auto& group : groups_)
    paths.push_back(group.directory + "/cgroup.procs");
  return paths;
}

std::vector<int> Cgroup::processes() const {
  std::set<int> pids;
  for (const auto& group : groups_)
    for (const int pid : pids_in(group.directory))
      pids.insert(pid);
  return {pids.begin(), pids.end()};
}

std::optional<std::uint64_t> Cgroup::oom_kills() const {
  for (const auto& group : groups_)
    if (group.memory)
      return cgroup_files::value_of(
          group.directory + (group.unified ? "/memory.events" : "/memory.oom_control"), "oom_kill");
  return std::nullopt;
}

std::optional<std::uint64_t> Cgroup::memory_bytes() const {
  for (const auto& group : groups_) {
    if (!group.memory) continue;
    std::istringstream text{
        cgroup_files::read(group.directory +
                           (group.unified ? "/memory.current" : "/memory.usage_in_bytes"))
            .value_or("")};
    if (std::uint64_t bytes = 0; text >> bytes) return bytes;
  }
  return std::nullopt;
}

void Cgroup::kill_all() const {
  for (const auto& group : groups_)
    if (group.unified && cgroup_files::write(group.directory + "/cgroup.kill", "1") == 0) return;
  std::set<int> killed;
  for (int pass = 0; pass < most_kill_passes; ++pass) {
    bool found_new = false;
    for (const int pid : processes()) {
      found_new = killed.insert(pid).second || found_new;
      ::kill(pid, SIGKILL);
    }
    if (!found_new) return;
  }
}

Result<bool> Cgroup::remove() const {
  bool removed = false;
  for (const auto& group : groups_) {
    if (::rmdir(group.directory.c_str()) == 0) {
      removed = true;
      continue;
    }
    if (errno == ENOENT) continue;
    if (errno != EBUSY)
      return tl::unexpected(failed("The cgroup " + group.directory + " cannot be removed", errno));
    std::string pids;
    for (const int pid : pids_in(group.directory))
      pids += " " + std::to_string(pid);
    return tl::unexpected(
        Cause{CauseKind::address_in_use,
              "The cgroup " + group.directory + " has processes yet:" + pids + ".",
              "End them; they belong to a guest that is gone.",
              {}});
  }
  return removed;
}

}  // namespace aerie
