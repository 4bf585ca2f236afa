#pragma once

#include <chrono>
#include <cstddef>
#include <deque>

#include "guest/stream/picture.hpp"

namespace aerie::stream {

/// Whether pictures go out at half their width and height: while they move and the network takes
/// too few bits even for few of them. A picture at rest is whole again: there is time to make it
/// sharp, and text at half its size can't be read. Each change costs a key frame, so nothing is
/// done for a moment's sake. Pure; the caller brings the time.
class SizePlan {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::milliseconds window{1000};
  static constexpr std::size_t least_changes = 8;         ///< within it: the picture moves
  static constexpr std::chrono::seconds least_halved{5};  ///< while it still moves

  /// A picture comes, for a network that takes `target` bit/s, where whole ones need `needed`.
  /// Returns whether it is to be halved.
  [[nodiscard]] bool halves(PictureUse use, int target, int needed, Time now) {
    if (use == PictureUse::change) changes_.push_back(now);
    if (use == PictureUse::keep_alive) changes_.clear();
    while (!changes_.empty() && changes_.front() < now - window)
      changes_.pop_front();
    if (!is_halved_) {
      is_halved_ = target < needed && changes_.size() >= least_changes;
      since_ = now;
    } else {
      const bool is_enough = target >= needed + needed / 2 && now >= since_ + least_halved;
      is_halved_ = use != PictureUse::keep_alive && !is_enough;
    }
    return is_halved_;
  }

 private:
  std::deque<Time> changes_;
  bool is_halved_ = false;
  Time since_{};
};

}  // namespace aerie::stream
