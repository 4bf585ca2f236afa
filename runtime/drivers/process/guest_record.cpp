#include "runtime/drivers/process/guest_record.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unistd.h>

#include "runtime/process/unique_fd.hpp"

namespace aerie {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

std::string path_in(const std::string& directory) {
  return directory + "/guest.json";
}

Cause not_written(const std::string& path, int error) {
  const bool is_full = error == ENOSPC || error == EDQUOT;
  return {is_full ? CauseKind::disk_full : CauseKind::store_failed,
          "'" + path + "' could not be written: " + std::strerror(error) + ".",
          is_full ? "Free space in the state directory's file system."
                  : "Check the rights of the state directory.",
          {}};
}

Cause not_known(const std::string& directory, const std::string& why) {
  return {CauseKind::controller_restarted,
          "The controller ended while the guest in '" + directory + "' was being started: " + why,
          "Start a new session; look for what ended the controller in its log.",
          {}};
}

}  // namespace

ProcessIdentity identity_of(std::int64_t pid) {
  ProcessIdentity identity{pid, 0, {}};
  std::istringstream{read_file("/proc/sys/kernel/random/boot_id")} >> identity.boot;
  const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  const auto name_end = stat.rfind(')');  // the name may hold anything, parentheses too
  if (name_end == std::string::npos) return identity;
  std::istringstream rest{stat.substr(name_end + 1)};
  std::string skipped;
  for (int field = 3; field < 22; ++field)
    rest >> skipped;
  rest >> identity.start;
  return identity;
}

Result<void> write_guest_record(const std::string& directory, const GuestRecord& record) {
  const Json json{{"secret", record.secret},       {"pid", record.process.pid},
                  {"start", record.process.start}, {"boot", record.process.boot},
                  {"slot", record.slot},           {"driver", record.driver}};
  const auto text = json.dump();
  const auto path = path_in(directory);
  const auto fresh = path + ".new";
  const UniqueFd file{
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) return tl::unexpected(not_written(path, errno));
  const auto written = ::write(file.get(), text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size()))
    return tl::unexpected(not_written(path, written < 0 ? errno : ENOSPC));
  if (::rename(fresh.c_str(), path.c_str()) != 0) return tl::unexpected(not_written(path, errno));
  return {};
}

Result<GuestRecord> read_guest_record(const std::string& directory) {
  const auto json = Json::parse(read_file(path_in(directory)), nullptr, false);
  if (!json.is_object())
    return tl::unexpected(not_known(directory, "it has no readable guest.json."));
  GuestRecord record;
  try {
    json.at("secret").get_to(record.secret);
    json.at("pid").get_to(record.process.pid);
    json.at("start").get_to(record.process.start);
    json.at("boot").get_to(record.process.boot);
    json.at("slot").get_to(record.slot);
    record.driver = json.value("driver", record.driver);  // an earlier version wrote none
  } catch (const Json::exception& error) {
    return tl::unexpected(not_known(directory, std::string{"its guest.json: "} + error.what()));
  }
  return record;
}

}  // namespace aerie
