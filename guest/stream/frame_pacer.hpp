#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace aerie::stream {

/// Decides when a frame is captured, repeated, or nothing is done. A change is captured at once,
/// but never sooner than one frame interval after the capture before it. It is followed by repeats,
/// of which the encoder makes a sharper picture each time, until it says that there is nothing left
/// to sharpen (`settled`); then, after the least of them, there is silence and `wake` is empty.
/// While the screen keeps changing nothing is repeated: then the next change will be sharper, too.
class FramePacer {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  static constexpr int most_repeats = 24;  ///< below half a second of them
  /// Of a sharp picture, too: who lost the frame notices only when another one follows.
  static constexpr int least_repeats = 2;
  static constexpr int least_repeats_on_request = 5;
  static constexpr std::chrono::milliseconds repeat_gap{18};

  explicit FramePacer(int frames_per_second)
      : interval_(std::chrono::nanoseconds{1'000'000'000LL / frames_per_second}) {}

  enum class Action { none, capture, repeat };

  /// The screen has changed.
  void damaged() { dirty_ = true; }
  /// A frame is wanted though nothing changed: a key frame for a viewer that has just come, or that
  /// lost something and is likely to lose more.
  void requested(Time now) {
    repeats_left_ = most_repeats;
    repeats_owed_ = least_repeats_on_request;
    repeat_at_ = now;
  }
  /// The picture is as good as it gets.
  void settled() { repeats_left_ = repeats_owed_; }
  /// Forgets everything pending; the next change is captured at once.
  void reset() { *this = FramePacer{interval_}; }

  /// What to do at `now`; counts as done.
  [[nodiscard]] Action next(Time now) {
    if (dirty_ && now >= captured_at_ + interval_) {
      const bool keeps_changing = now - captured_at_ < 4 * interval_;
      dirty_ = false;
      repeats_left_ = most_repeats;
      repeats_owed_ = std::max(repeats_owed_, least_repeats);
      captured_at_ = now;
      repeat_at_ = now + (keeps_changing ? std::max<Clock::duration>(2 * interval_, repeat_gap)
                                         : Clock::duration{repeat_gap});
      return Action::capture;
    }
    if (!dirty_ && repeats_left_ > 0 && now >= repeat_at_) {
      --repeats_left_;
      if (repeats_owed_ > 0) --repeats_owed_;
      repeat_at_ = now + repeat_gap;
      return Action::repeat;
    }
    return Action::none;
  }

  /// When `next` has something to do again; empty: not before the next change.
  [[nodiscard]] std::optional<Time> wake() const {
    if (dirty_) return captured_at_ + interval_;
    if (repeats_left_ > 0) return repeat_at_;
    return std::nullopt;
  }

 private:
  explicit FramePacer(std::chrono::nanoseconds interval) : interval_(interval) {}

  std::chrono::nanoseconds interval_;
  Time captured_at_{};
  Time repeat_at_{};
  int repeats_left_ = 0;
  int repeats_owed_ = 0;  ///< of those, also if the picture is sharp before
  bool dirty_ = false;
};

}  // namespace aerie::stream
