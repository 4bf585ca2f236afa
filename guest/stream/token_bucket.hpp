#pragma once

#include <algorithm>
#include <chrono>

namespace aerie::stream {

/// Allows `rate` things a second, and as many at once after a second of rest. The caller brings the
/// time, which never goes back.
class TokenBucket {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit TokenBucket(double rate) : rate_(rate), tokens_(rate) {}

  [[nodiscard]] bool take(Time now) {
    const std::chrono::duration<double> passed = now - filled_at_;
    if (filled_at_ != Time{}) tokens_ = std::min(rate_, tokens_ + passed.count() * rate_);
    filled_at_ = now;
    if (tokens_ < 1.0) return false;
    tokens_ -= 1.0;
    return true;
  }

 private:
  double rate_;
  double tokens_;
  Time filled_at_{};
};

}  // namespace aerie::stream
