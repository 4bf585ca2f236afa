#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "messages/cause.hpp"
#include "tests/support/deadline.hpp"

namespace aerie::replay {

using Clock = std::chrono::steady_clock;

/// Something that was seen, and when it had arrived.
template <class T>
struct Seen {
  Clock::time_point at;
  T what;
};

/// What one surface showed, in order of arrival. Thread-safe.
template <class T>
class Witness {
 public:
  void add(T what) {
    const std::lock_guard lock{mutex_};
    seen_.push_back({Clock::now(), std::move(what)});
    changed_.notify_all();
  }

  /// No more will come.
  void end() {
    const std::lock_guard lock{mutex_};
    is_over_ = true;
    changed_.notify_all();
  }

  /// The first that fits, past or coming; none when time is up or no more will come.
  std::optional<Seen<T>> first(const std::function<bool(const T&)>& fits,
                               std::chrono::milliseconds within = test::patience) {
    std::unique_lock lock{mutex_};
    const auto until = Clock::now() + within;
    for (std::size_t next = 0;;) {
      for (; next < seen_.size(); ++next)
        if (fits(seen_[next].what)) return seen_[next];
      if (is_over_) return std::nullopt;
      if (changed_.wait_until(lock, until) == std::cv_status::timeout && next == seen_.size())
        return std::nullopt;
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Seen<T>> seen_;
  bool is_over_ = false;
};

/// Fills a witness from a thread of its own until `next` throws, which ends it: the controller is
/// gone, or a deadline has passed. Joined by the destructor.
class Reading {
 public:
  Reading() = default;
  Reading(Witness<Json>& witness, std::function<Json()> next)
      : thread_([&witness, next = std::move(next)] {
          try {
            for (;;)
              witness.add(next());
          } catch (const std::runtime_error&) {
            witness.end();
          }
        }) {}

 private:
  std::jthread thread_;
};

}  // namespace aerie::replay
