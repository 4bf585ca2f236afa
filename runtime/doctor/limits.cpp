#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>

#include "runtime/doctor/checks.hpp"

namespace aerie::doctor {
namespace {

namespace fs = std::filesystem;

/// For a session with a display, a window manager, a streamer and a browser with several tabs: more
/// than most have.
constexpr double threads_of_session = 300;
constexpr double threads_of_controller = 50;

/// The number in a file; infinity for `max`, none where it can't be read.
std::optional<double> number_in(const fs::path& path) {
  std::ifstream file{path};
  std::string word;
  if (!(file >> word)) return std::nullopt;
  if (word == "max") return std::numeric_limits<double>::infinity();
  double value = 0;
  return std::istringstream{word} >> value ? std::optional{value} : std::nullopt;
}

/// Threads of the whole host, proc(5): `0.20 0.18 0.12 1/80 11206`.
double threads_in_use() {
  std::ifstream file{"/proc/loadavg"};
  std::string word;
  for (int i = 0; i < 4; ++i)
    file >> word;
  const auto slash = word.find('/');
  double count = 0;
  if (slash != std::string::npos) std::istringstream{word.substr(slash + 1)} >> count;
  return count;
}

double wanted_threads(const Settings& settings) {
  return threads_of_controller + settings.limits.sessions * threads_of_session;
}

std::string whole(double value) {
  return std::to_string(static_cast<long long>(value));
}

/// Where cgroups count this program's processes; empty: nowhere.
fs::path pids_folder() {
  const fs::path root{"/sys/fs/cgroup"};
  std::ifstream file{"/proc/self/cgroup"};
  for (std::string line; std::getline(file, line);) {
    // cgroups(7): `hierarchy:controllers:path`, no controllers in version 2.
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    const auto path = fs::path{line.substr(second + 1)}.relative_path();
    if (!controllers.empty() && controllers != "pids") continue;
    for (const auto& folder : {root / controllers / path, root / "unified" / path}) {
      std::error_code error;
      if (fs::exists(folder / "pids.max", error)) return folder;
    }
  }
  return {};
}

std::size_t open_descriptors() {
  std::error_code error;
  const fs::directory_iterator all{"/proc/self/fd", error};
  return error ? 0 : static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace

DoctorCheck judge_limit(const std::string& name, const std::string& what, double used, double limit,
                        double wanted, const std::string& remedy) {
  DoctorCheck check{name, true, "", ""};
  check.used = used;
  check.limit = limit;
  check.message = whole(used) + " of " + whole(limit) + " " + what + " are in use";
  if (limit - used < threads_of_session) {
    check.ok = false;
    check.message += ", which leaves too few for one more session.";
    check.remedy = remedy;
  } else if (limit - used < wanted) {
    check.message += ", enough for some sessions, but not for all of limits.sessions.";
    check.remedy = remedy;
  } else {
    check.message += ".";
  }
  return check;
}

DoctorCheck check_threads(const Settings& settings) {
  auto limit = number_in("/proc/sys/kernel/threads-max").value_or(0);
  rlimit own{};
  // The kernel lets root have more than its own limit.
  const bool is_limited =
      ::geteuid() != 0 && ::getrlimit(RLIMIT_NPROC, &own) == 0 && own.rlim_cur != RLIM_INFINITY;
  if (is_limited) limit = std::min(limit, static_cast<double>(own.rlim_cur));
  return judge_limit("threads", "threads", threads_in_use(), limit, wanted_threads(settings),
                     is_limited
                         ? "Raise the limit (ulimit -u, TasksMax= and LimitNPROC= of the "
                           "unit), or lower limits.sessions."
                         : "Raise it (sysctl kernel.threads-max), or lower limits.sessions.");
}

Checks check_pids(const Settings& settings) {
  const auto wanted = wanted_threads(settings);
  Checks checks{judge_limit("pids", "numbers for processes and threads", threads_in_use(),
                            number_in("/proc/sys/kernel/pid_max").value_or(0), wanted,
                            "Raise it (sysctl kernel.pid_max), or lower limits.sessions.")};
  const auto folder = pids_folder();
  const auto most = folder.empty() ? std::nullopt : number_in(folder / "pids.max");
  if (!most || *most == std::numeric_limits<double>::infinity()) return checks;
  checks.push_back(
      judge_limit("pids of the cgroup", "processes and threads of this cgroup",
                  number_in(folder / "pids.current").value_or(0), *most, wanted,
                  "Raise pids.max (TasksMax= of the unit), or lower limits.sessions."));
  return checks;
}

DoctorCheck check_descriptors(const Settings& settings) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  // A session holds a link, log files, a pidfd and pipes; a socket one descriptor.
  const auto wanted =
      static_cast<rlim_t>(256 + settings.limits.sockets + settings.limits.sessions * 16);
  DoctorCheck check{"descriptors", limit.rlim_max >= wanted,
                    "The controller may open " + std::to_string(limit.rlim_max) +
                        " descriptors; its limits need " + std::to_string(wanted) +
                        ", and this process has " + std::to_string(open_descriptors()) + " open.",
                    ""};
  check.used = static_cast<double>(open_descriptors());
  check.limit = static_cast<double>(limit.rlim_max);
  if (!check.ok)
    check.remedy = "Raise the hard limit (ulimit -Hn, LimitNOFILE=), or lower limits.sockets.";
  return check;
}

DoctorCheck check_memory(const Settings& settings, const Profile& profile) {
  const auto each = profile.resources.memory_mib;
  const auto all = settings.limits.memory_mib;
  const auto message = "Guests of profile " + profile.name + " may use " + std::to_string(each) +
                       " MiB each, all guests together " + std::to_string(all) + " MiB.";
  if (each <= all) return {"memory", true, message, ""};
  return {"memory", false, message, "Lower the profile's memoryMiB, or raise limits.memoryMiB."};
}

}  // namespace aerie::doctor
