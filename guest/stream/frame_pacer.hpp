#pragma once

#include <chrono>
#include <optional>

namespace aerie::stream {

/// Decides when a frame is captured, repeated, or nothing is done. A change is captured at once,
/// but never sooner than one frame interval after the capture before it; it is followed by a few
/// repeats (a lone frame sticks in a viewer's jitter buffer until the next one comes, and the
/// encoder uses them to sharpen the picture); then there is silence and `wake` is empty. While the
/// screen keeps changing the next change takes the place of the repeats.
class FramePacer {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  static constexpr int repeats = 5;
  static constexpr std::chrono::milliseconds repeat_gap{16};

  explicit FramePacer(int frames_per_second)
      : interval_(std::chrono::nanoseconds{1'000'000'000LL / frames_per_second}) {}

  enum class Action { none, capture, repeat };

  /// The screen has changed.
  void damaged() { dirty_ = true; }
  /// A frame is wanted though nothing changed, for example a key frame.
  void requested(Time now) {
    repeats_left_ = repeats;
    repeat_at_ = now;
  }
  /// Forgets everything pending; the next change is captured at once.
  void reset() { *this = FramePacer{interval_}; }

  /// What to do at `now`; counts as done.
  [[nodiscard]] Action next(Time now) {
    if (dirty_ && now >= capture_at_) {
      dirty_ = false;
      repeats_left_ = repeats;
      capture_at_ = now + interval_;
      repeat_at_ = now + repeat_gap;
      return Action::capture;
    }
    if (!dirty_ && repeats_left_ > 0 && now >= repeat_at_) {
      --repeats_left_;
      repeat_at_ = now + repeat_gap;
      return Action::repeat;
    }
    return Action::none;
  }

  /// When `next` has something to do again; empty: not before the next change.
  [[nodiscard]] std::optional<Time> wake() const {
    if (dirty_) return capture_at_;
    if (repeats_left_ > 0) return repeat_at_;
    return std::nullopt;
  }

 private:
  explicit FramePacer(std::chrono::nanoseconds interval) : interval_(interval) {}

  std::chrono::nanoseconds interval_;
  Time capture_at_{};
  Time repeat_at_{};
  int repeats_left_ = 0;
  bool dirty_ = false;
};

}  // namespace aerie::stream
