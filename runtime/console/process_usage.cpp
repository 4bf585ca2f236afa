#include "runtime/console/process_usage.hpp"

#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

namespace aerie {

std::map<std::int64_t, ProcessUsage> process_usage(const std::vector<std::int64_t>& pids) {
  const auto ticks = ::sysconf(_SC_CLK_TCK);
  const auto page_kib = ::sysconf(_SC_PAGESIZE) / 1024;
  std::map<std::int64_t, ProcessUsage> usage;
  for (const auto pid : pids) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
    std::string line;
    if (!std::getline(file, line)) continue;
    // proc(5): the name stands in parentheses and may contain anything, also parentheses.
    const auto name_end = line.rfind(')');
    if (name_end == std::string::npos) continue;
    std::istringstream fields{line.substr(name_end + 1)};
    std::string skipped;
    for (int field = 3; field < 14; ++field)
      fields >> skipped;
    std::int64_t user = 0;
    std::int64_t system = 0;
    fields >> user >> system;
    for (int field = 16; field < 24; ++field)
      fields >> skipped;
    std::int64_t pages = 0;
    if (fields >> pages) usage[pid] = {(user + system) * 1000 / ticks, pages * page_kib};
  }
  return usage;
}

}  // namespace aerie
