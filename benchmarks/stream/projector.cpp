#include "benchmarks/stream/projector.hpp"

#include <algorithm>
#include <chrono>

#include "benchmarks/support/stopwatch.hpp"

namespace aerie::bench {

Projector::Projector(Scene& scene)
    : thread_([this, &scene](const std::stop_token& end) { run(end, scene); }) {}

double Projector::shown_at(int number) {
  const std::scoped_lock lock{mutex_};
  const auto index = static_cast<std::size_t>(number);
  return index < shown_.size() ? shown_[index] : 0;
}

int Projector::shown_between(double from, double until) {
  const std::scoped_lock lock{mutex_};
  return static_cast<int>(std::lower_bound(shown_.begin(), shown_.end(), until) -
                          std::lower_bound(shown_.begin(), shown_.end(), from));
}

void Projector::run(const std::stop_token& end, Scene& scene) {
  auto next = std::chrono::steady_clock::now();
  for (int number = 0; !end.stop_requested(); ++number) {
    {
      const std::scoped_lock lock{mutex_};
      shown_.push_back(monotonic_ms());
    }
    scene.show(number);
    std::this_thread::sleep_until(next += scene.interval());
  }
}

}  // namespace aerie::bench
