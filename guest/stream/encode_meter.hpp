#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "guest/stream/gst_ptr.hpp"

namespace aerie::stream {

/// How long an encoder takes for each picture, and how much it makes of them. A picture and what
/// was made of it have the same running time. Any thread.
class EncodeMeter {
 public:
  using Clock = std::chrono::steady_clock;

  /// Since the last time they were taken.
  struct Figures {
    std::size_t bytes = 0;
    std::vector<std::chrono::microseconds> times;  ///< of each picture; at most 1,024
  };

  void began(GstClockTime picture, Clock::time_point at = Clock::now());
  void ended(GstClockTime picture, std::size_t bytes, Clock::time_point at = Clock::now());
  [[nodiscard]] Figures take();

 private:
  std::mutex mutex_;
  std::deque<std::pair<GstClockTime, Clock::time_point>> under_way_;
  Figures figures_;
};

}  // namespace aerie::stream
