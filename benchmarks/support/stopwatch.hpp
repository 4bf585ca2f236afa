#pragma once

#include <chrono>

namespace aerie::bench {

/// Milliseconds of CLOCK_MONOTONIC.
[[nodiscard]] inline double monotonic_ms() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Milliseconds since it was made, on the monotonic clock.
class Stopwatch {
 public:
  [[nodiscard]] double ms() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began_)
        .count();
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace aerie::bench
