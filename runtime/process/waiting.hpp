#pragma once

#include <chrono>
#include <future>
#include <stdexcept>
#include <utility>

namespace aerie::testing {

/// A value that a callback on another thread delivers. The deadline is a failsafe against hanging
/// for ever; no test's outcome depends on its length.
template <class T>
class Eventually {
 public:
  void set(T value) { promise_.set_value(std::move(value)); }

  T get() {
    if (future_.wait_for(std::chrono::seconds{60}) != std::future_status::ready)
      throw std::runtime_error{"an event that a test waits for did not come within a minute"};
    return future_.get();
  }

 private:
  std::promise<T> promise_;
  std::future<T> future_ = promise_.get_future();
};

}  // namespace aerie::testing
