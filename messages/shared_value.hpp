#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace aerie {

/// A value that many hold and few change: copies share it, and who edits one that is shared gets
/// its own first. Never null. One object belongs to one thread; the value behind it is shared
/// between threads, and read only.
template <class T>
class SharedValue {
 public:
  SharedValue() : value_(std::make_shared<T>()) {}
  SharedValue(T value)  // NOLINT(google-explicit-constructor): it stands for its value
      : value_(std::make_shared<T>(std::move(value))) {}

  [[nodiscard]] const T& operator*() const { return *value_; }
  [[nodiscard]] const T* operator->() const { return value_.get(); }
  [[nodiscard]] std::shared_ptr<const T> pointer() const { return value_; }

  /// The value to be changed; the reference is meant for one statement.
  [[nodiscard]] T& edit() {
    if (value_.use_count() > 1) value_ = std::make_shared<T>(*value_);
    // Whoever let go of it last has read it before.
    std::atomic_thread_fence(std::memory_order_acquire);
    return *value_;
  }

  friend bool operator==(const SharedValue& left, const SharedValue& right) {
    return left.value_ == right.value_ || *left == *right;
  }

 private:
  std::shared_ptr<T> value_;
};

}  // namespace aerie
