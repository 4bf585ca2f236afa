#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <unistd.h>

#include "runtime/process/cgroup.hpp"
#include "runtime/process/cgroup_files.hpp"

namespace aerie {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream{text};
  for (std::string part; std::getline(stream, part, separator);)
    parts.push_back(part);
  return parts;
}

/// mountinfo writes blanks and backslashes as three octal digits (proc(5)).
std::string unescaped(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digits = text.substr(i, 4);
    const bool octal = digits.size() == 4 && digits[0] == '\\' &&
                       digits.find_first_not_of("01234567", 1) == std::string::npos;
    plain += octal ? static_cast<char>(std::stoi(digits.substr(1), nullptr, 8)) : text[i];
    if (octal) i += 3;
  }
  return plain;
}

/// Our group's path in each hierarchy, by controller; version 2's under an empty name.
std::map<std::string, std::string> own_paths(const std::string& self_cgroup) {
  std::map<std::string, std::string> paths;
  for (const auto& line : split(self_cgroup, '\n')) {
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const auto path = line.substr(second + 1);
    const auto names = line.substr(first + 1, second - first - 1);
    if (names.empty()) paths[""] = path;
    for (const auto& name : split(names, ','))
      paths[name] = path;
  }
  return paths;
}

/// A mount may show only a part of its hierarchy, from `root` on.
std::string within_mount(const std::string& mount, const std::string& root, std::string path) {
  if (root != "/") {
    const bool below = path == root || path.starts_with(root + "/");
    path = below ? path.substr(root.size()) : "";
  }
  while (path.ends_with('/'))
    path.pop_back();
  return mount + path;
}

bool contains(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::vector<std::string> words_of(const std::string& path) {
  auto text = cgroup_files::read(path).value_or("");
  if (text.ends_with('\n')) text.pop_back();
  return split(text, ' ');
}

bool is_writable(const std::string& directory) {
  return ::access(directory.c_str(), W_OK | X_OK) == 0;
}

/// Version 2 hands controllers down only from groups without processes of their own, so our parent,
/// where it is delegated to us, is the second choice.
CgroupMounts::Hierarchy unified_hierarchy(const std::string& own) {
  const auto parent = std::filesystem::path{own}.parent_path().string();
  CgroupMounts::Hierarchy plain{"", false, false, true};
  for (const auto& directory : {own, parent}) {
    if (!is_writable(directory) || ::access((directory + "/cgroup.procs").c_str(), W_OK) != 0)
      continue;
    if (plain.directory.empty()) plain.directory = directory;
    const auto available = words_of(directory + "/cgroup.controllers");
    for (const auto* name : {"memory", "pids"})
      if (contains(available, name))
        cgroup_files::write(directory + "/cgroup.subtree_control", std::string{"+"} + name);
    const auto enabled = words_of(directory + "/cgroup.subtree_control");
    const CgroupMounts::Hierarchy found{directory, contains(enabled, "memory"),
                                        contains(enabled, "pids"), true};
    if (found.memory || found.pids) return found;
  }
  return plain;
}

std::string explain(const CgroupMounts& mounts, bool any_mounted) {
  if (!any_mounted) return "No cgroups are mounted, so guests' memory and processes have no limit.";
  std::string limited;
  if (mounts.limits_memory()) limited = "memory";
  if (mounts.limits_pids()) limited += limited.empty() ? "processes" : " and processes";
  if (limited.empty())
    return "No cgroup here may be written by this user, so guests' memory and processes have no "
           "limit.";
  std::string where;
  for (const auto& hierarchy : mounts.hierarchies)
    if (hierarchy.memory || hierarchy.pids)
      where += (where.empty() ? "" : ", ") + hierarchy.directory;
  return "Guests' " + limited + " are limited by cgroups below " + where + ".";
}

}  // namespace

bool CgroupMounts::limits_memory() const {
  return std::any_of(hierarchies.begin(), hierarchies.end(),
                     [](const auto& h) { return h.memory; });
}

bool CgroupMounts::limits_pids() const {
  return std::any_of(hierarchies.begin(), hierarchies.end(), [](const auto& h) { return h.pids; });
}

std::vector<CgroupMountPoint> cgroup_mount_points(const std::string& self_cgroup,
                                                  const std::string& mountinfo) {
  const auto own = own_paths(self_cgroup);
  std::vector<CgroupMountPoint> points;
  for (const auto& line : split(mountinfo, '\n')) {
    const auto dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    const auto fields = split(line.substr(0, dash), ' ');
    const auto types = split(line.substr(dash + 3), ' ');
    if (fields.size() < 5 || types.size() < 3) continue;
    const auto root = unescaped(fields[3]);
    const auto mount = unescaped(fields[4]);
    const auto add = [&](const std::string& name, std::vector<std::string> controllers) {
      const auto path = own.find(name);
      if (path == own.end()) return;
      points.push_back(
          {within_mount(mount, root, path->second), std::move(controllers), name.empty()});
    };
    if (types[0] == "cgroup2") add("", {});
    if (types[0] != "cgroup") continue;
    std::vector<std::string> controllers;
    for (const auto& option : split(types[2], ','))
      if (option == "memory" || option == "pids") controllers.push_back(option);
    if (!controllers.empty()) add(controllers.front(), controllers);
  }
  return points;
}

CgroupMounts discover_cgroups() {
  const auto points = cgroup_mount_points(cgroup_files::read("/proc/self/cgroup").value_or(""),
                                          cgroup_files::read("/proc/self/mountinfo").value_or(""));
  CgroupMounts mounts;
  for (const auto& point : points) {
    if (point.unified) {
      auto hierarchy = unified_hierarchy(point.directory);
      if (!hierarchy.directory.empty()) mounts.hierarchies.push_back(std::move(hierarchy));
    } else if (is_writable(point.directory)) {
      mounts.hierarchies.push_back({point.directory, contains(point.controllers, "memory"),
                                    contains(point.controllers, "pids"), false});
    }
  }
  mounts.why = explain(mounts, !points.empty());
  return mounts;
}

}  // namespace aerie
