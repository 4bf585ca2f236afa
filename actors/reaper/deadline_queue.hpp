#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "messages/time.hpp"

namespace aerie {

/// Deadlines by what they are for, earliest first. Setting, erasing and taking one cost the
/// logarithm of how many there are; asking for those due costs nothing for those that are not.
template <class Key>
class DeadlineQueue {
 public:
  /// `at` on the caller's clock; replaces the key's former deadline.
  void set(const Key& key, Duration at) {
    erase(key);
    by_time_.emplace(at, key);
    by_key_.emplace(key, at);
  }

  void erase(const Key& key) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return;
    by_time_.erase({found->second, key});
    by_key_.erase(found);
  }

  /// The earliest deadline; none when the queue is empty.
  [[nodiscard]] std::optional<Duration> next() const {
    if (by_time_.empty()) return std::nullopt;
    return by_time_.begin()->first;
  }

  /// Removes and returns the key with the earliest deadline that has come, if there is one.
  std::optional<Key> take_due(Duration now) {
    if (by_time_.empty() || by_time_.begin()->first > now) return std::nullopt;
    auto key = by_time_.begin()->second;
    erase(key);
    return key;
  }

  [[nodiscard]] std::size_t size() const { return by_key_.size(); }

 private:
  std::set<std::pair<Duration, Key>> by_time_;
  std::map<Key, Duration> by_key_;
};

}  // namespace aerie
