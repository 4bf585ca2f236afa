#include "tests/support/descendants.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <unistd.h>

namespace aerie::test {

namespace {

/// Fields of /proc/PID/stat; the name may hold spaces and parentheses, hence the last one counts.
struct Stat {
  std::string name;
  char state = '?';
  pid_t parent = 0;
  double seconds = 0;
};

std::optional<Stat> read_stat(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::stringstream text;
  text << file.rdbuf();
  const auto line = text.str();
  const auto open = line.find('(');
  const auto close = line.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return std::nullopt;
  Stat stat;
  stat.name = line.substr(open + 1, close - open - 1);
  std::istringstream rest(line.substr(close + 1));
  rest >> stat.state >> stat.parent;
  std::string skipped;
  for (int field = 5; field < 14; ++field)
    rest >> skipped;
  double user = 0;
  double system = 0;
  rest >> user >> system;
  stat.seconds = (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return stat;
}

std::map<pid_t, Stat> all_processes() {
  std::map<pid_t, Stat> all;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto name = entry.path().filename().string();
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || end != name.data() + name.size()) continue;
    // What has ended and only waits to be reaped is no longer there.
    if (auto stat = read_stat(pid); stat && stat->state != 'Z' && stat->state != 'X')
      all.emplace(pid, std::move(*stat));
  }
  return all;
}

bool is_below(const std::map<pid_t, Stat>& all, pid_t pid, pid_t ancestor) {
  for (auto found = all.find(pid); found != all.end(); found = all.find(found->second.parent))
    if (found->second.parent == ancestor) return true;
  return false;
}

}  // namespace

std::vector<pid_t> descendants(const std::string& name) {
  const auto all = all_processes();
  std::vector<pid_t> found;
  for (const auto& [pid, stat] : all)
    if (stat.name == name && stat.state != 'Z' && is_below(all, pid, ::getpid()))
      found.push_back(pid);
  return found;
}

double processor_seconds(pid_t pid) {
  const auto stat = read_stat(pid);
  return stat ? stat->seconds : 0.0;
}

}  // namespace aerie::test
