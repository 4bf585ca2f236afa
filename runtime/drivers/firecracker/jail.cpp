#include "runtime/drivers/firecracker/jail.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <unistd.h>

namespace aerie::firecracker {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_id = 64;

tl::unexpected<Cause> wrong(const std::string& field, const std::string& why) {
  return tl::unexpected(Cause{CauseKind::sandbox_failed,
                              "The jail's " + field + " " + why + ".",
                              "Correct the driver's settings; `aerie doctor` checks them.",
                              {}});
}

bool is_id(const std::string& id) {
  const auto fits = [](unsigned char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-';
  };
  return !id.empty() && id.size() <= longest_id && std::all_of(id.begin(), id.end(), fits);
}

tl::unexpected<Cause> not_placed(const JailedFile& file, const std::error_code& error) {
  const bool is_full = error == std::errc::no_space_on_device;
  const bool is_missing = error == std::errc::no_such_file_or_directory;
  return tl::unexpected(
      Cause{is_full      ? CauseKind::disk_full
            : is_missing ? CauseKind::root_missing
                         : CauseKind::sandbox_failed,
            "'" + file.source + "' could not be put into the jail: " + error.message() + ".",
            is_full      ? "Free space in the state directory's file system."
            : is_missing ? "Make the image again (./run image)."
                         : "Check the rights of the file and of the state directory.",
            {}});
}

std::error_code place(const JailedFile& file, const fs::path& target) {
  std::error_code error;
  fs::remove(target, error);
  if (error) return error;
  fs::create_hard_link(file.source, target, error);
  if (error == std::errc::cross_device_link || error == std::errc::operation_not_permitted ||
      error == std::errc::too_many_links) {
    error.clear();
    fs::copy_file(file.source, target, error);
  }
  return error;
}

}  // namespace

Result<void> check(const JailSettings& settings) {
  if (!is_id(settings.id))
    return wrong("id '" + settings.id + "'", "is not 1 to 64 letters, digits and hyphens");
  if (settings.uid == 0 || settings.gid == 0)
    return wrong("user", "is root: a guest that breaks out would be, too");
  const auto name = fs::path{settings.firecracker}.filename().string();
  if (name.find("firecracker") == std::string::npos)
    return wrong("program '" + settings.firecracker + "'",
                 "has no 'firecracker' in its name, which the jailer demands");
  if (!fs::path{settings.base}.is_absolute())
    return wrong("directory '" + settings.base + "'", "is not absolute");
  return {};
}

std::string jail_root(const JailSettings& settings) {
  return (fs::path{settings.base} / fs::path{settings.firecracker}.filename() / settings.id /
          "root")
      .string();
}

std::vector<std::string> jail_command(const JailSettings& settings,
                                      const std::vector<std::string>& arguments) {
  std::vector<std::string> command{settings.jailer,
                                   "--id",
                                   settings.id,
                                   "--exec-file",
                                   settings.firecracker,
                                   "--uid",
                                   std::to_string(settings.uid),
                                   "--gid",
                                   std::to_string(settings.gid),
                                   "--chroot-base-dir",
                                   settings.base,
                                   "--resource-limit",
                                   "no-file=" + std::to_string(settings.most_descriptors)};
  const auto add = [&](const char* option, const std::string& value) {
    command.emplace_back(option);
    command.push_back(value);
  };
  if (settings.largest_file_bytes)
    add("--resource-limit", "fsize=" + std::to_string(*settings.largest_file_bytes));
  if (!settings.parent_cgroup.empty() || !settings.cgroup.empty())
    add("--cgroup-version", std::to_string(settings.cgroup_version));
  if (!settings.parent_cgroup.empty()) add("--parent-cgroup", settings.parent_cgroup);
  for (const auto& [file, value] : settings.cgroup)
    add("--cgroup", file + "=" + value);
  if (!settings.network_namespace.empty()) add("--netns", settings.network_namespace);
  command.emplace_back("--");
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

std::string path_in_jail(const std::string& name) {
  return "/" + name;
}

Result<void> fill_jail(const JailSettings& settings, const std::vector<JailedFile>& files) {
  const fs::path root = jail_root(settings);
  std::error_code error;
  fs::create_directories(root, error);
  if (error) return wrong("directory '" + root.string() + "'", "can't be made: " + error.message());
  for (const auto& file : files) {
    const auto target = root / file.name;
    if (const auto failure = place(file, target)) return not_placed(file, failure);
    if (file.is_writable && ::chown(target.c_str(), settings.uid, settings.gid) != 0)
      return not_placed(file, std::error_code{errno, std::generic_category()});
  }
  return {};
}

}  // namespace aerie::firecracker
