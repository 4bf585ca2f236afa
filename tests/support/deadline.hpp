#pragma once

#include <algorithm>
#include <chrono>

namespace aerie::test {

/// How long a test waits for something that should come much sooner.
inline constexpr std::chrono::milliseconds patience{20'000};

/// An instant by which something must have happened.
class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds within)
      : at_(std::chrono::steady_clock::now() + within) {}

  /// What is left, never negative.
  [[nodiscard]] std::chrono::milliseconds left() const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        at_ - std::chrono::steady_clock::now());
    return std::max(left, std::chrono::milliseconds{0});
  }

 private:
  std::chrono::steady_clock::time_point at_;
};

}  // namespace aerie::test
