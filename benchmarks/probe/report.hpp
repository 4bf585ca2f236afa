#pragma once

#include <cstdint>

namespace aerie::bench {

/// Names the variable with the path of the datagram socket to which a probe reports.
inline constexpr const char* probe_variable = "AERIE_PROBE_SOCKET";

/// Names the variable with the descriptor to which a probe writes a line once it is ready.
inline constexpr const char* ready_variable = "AERIE_PROBE_READY_FD";

/// What a probe says as the first thing it does.
struct ProbeReport {
  std::int64_t began_ns = 0;  ///< CLOCK_MONOTONIC
  std::int32_t pid = 0;
};

}  // namespace aerie::bench
