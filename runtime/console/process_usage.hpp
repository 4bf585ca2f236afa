#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace aerie {

/// What a process has used, from proc(5).
struct ProcessUsage {
  std::int64_t cpu_ms = 0;
  std::int64_t memory_kib = 0;  ///< resident
};

/// Reads `/proc/PID/stat` of each; those that are gone, or whose files can't be read, are left out.
[[nodiscard]] std::map<std::int64_t, ProcessUsage> process_usage(
    const std::vector<std::int64_t>& pids);

}  // namespace aerie
