#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace aerie {

/// Tasks of other threads for the server's. One wake-up serves all tasks that come before it is
/// handled; after `shut` nothing is taken any more.
class Outbox {
 public:
  /// Adds a task, and calls `wake` where the thread does not know of any yet: under the lock, so
  /// that a thread that has gone is never woken.
  template <class Wake>
  void push(std::function<void()> task, const Wake& wake) {
    const std::lock_guard lock(mutex_);
    if (shut_) return;
    tasks_.push_back(std::move(task));
    if (!std::exchange(armed_, true)) wake();
  }

  /// Runs what there is, on the server's thread.
  void run() {
    std::vector<std::function<void()>> tasks;
    {
      const std::lock_guard lock(mutex_);
      armed_ = false;
      tasks.swap(tasks_);
    }
    for (const auto& task : tasks)
      task();
  }

  void shut() {
    const std::lock_guard lock(mutex_);
    shut_ = true;
    tasks_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_;
  bool armed_ = false;
  bool shut_ = false;
};

}  // namespace aerie
