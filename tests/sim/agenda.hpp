#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "messages/time.hpp"

namespace aerie::sim {

/// Virtual time, and what the world outside the controller has still to do. Things due at the same
/// instant happen in the order in which they were planned.
class Agenda {
 public:
  using Task = std::function<void()>;

  [[nodiscard]] Instant now() const { return now_; }

  void after(Duration delay, Task task) { tasks_.emplace(now_ + delay, std::move(task)); }
  void at(Instant when, Task task) { tasks_.emplace(when, std::move(task)); }

  [[nodiscard]] std::optional<Instant> next() const {
    return tasks_.empty() ? std::nullopt : std::optional{tasks_.begin()->first};
  }

  void advance_to(Instant when) { now_ = std::max(now_, when); }

  /// Does the first thing that is due. False where nothing is.
  bool run_one() {
    if (tasks_.empty() || tasks_.begin()->first > now_) return false;
    const auto task = std::move(tasks_.begin()->second);
    tasks_.erase(tasks_.begin());
    task();
    return true;
  }

 private:
  Instant now_{Duration{1'767'225'600'000}};  // 2026-01-01T00:00:00Z
  std::multimap<Instant, Task> tasks_;
};

}  // namespace aerie::sim
