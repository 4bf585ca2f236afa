#pragma once

#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "benchmarks/stream/scenes.hpp"

namespace aerie::bench {

/// Shows a scene's pictures, one after another from 0 on, from a thread of its own, and notes when.
/// Times are those of `monotonic_ms`.
class Projector {
 public:
  /// The scene must outlive it, and show more than one picture.
  explicit Projector(Scene& scene);

  /// When a number was shown; 0: never.
  [[nodiscard]] double shown_at(int number);
  /// How many were shown in that time.
  [[nodiscard]] int shown_between(double from, double until);

 private:
  void run(const std::stop_token& end, Scene& scene);

  std::mutex mutex_;
  std::vector<double> shown_;
  std::jthread thread_;  // the last member: it uses the others
};

}  // namespace aerie::bench
