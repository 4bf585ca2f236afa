#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace aerie::stream {

/// Decides when a frame is captured, repeated, or nothing is done. A change is captured at once,
/// one in a frame's interval on the average (the generic cell rate algorithm of ITU-T I.371): half
/// an interval early is no reason to wait, or a video of just as many pictures a second would be as
/// late as the latest of them has ever been. It is followed by repeats, of which the encoder makes
/// a sharper picture each time, until it says that there is nothing left to sharpen (`settled`).
/// Then one in a while keeps the stream alive: Chromium asks for a key frame 3 s after the last
/// frame, again and again. While the screen keeps changing nothing is repeated: then the next
/// change will be sharper, too.
class FramePacer {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  static constexpr int most_repeats = 24;  ///< below half a second of them
  /// Of a sharp picture, too: who lost the frame notices only when another one follows.
  static constexpr int least_repeats = 2;
  static constexpr int least_repeats_on_request = 5;
  static constexpr std::chrono::milliseconds repeat_gap{18};
  static constexpr std::chrono::milliseconds idle_gap{2000};

  explicit FramePacer(int frames_per_second)
      : interval_(std::chrono::nanoseconds{1'000'000'000LL / frames_per_second}) {}

  enum class Action {
    none,
    capture,
    repeat,      ///< to sharpen it
    keep_alive,  ///< the same, only so that something comes
  };

  /// The screen has changed.
  void damaged() { dirty_ = true; }
  /// A frame is wanted though nothing changed: a key frame for a viewer that has just come, or that
  /// lost something and is likely to lose more.
  void requested(Time now) {
    repeats_left_ = most_repeats;
    repeats_owed_ = least_repeats_on_request;
    framed_at_ = now;
    gap_ = Clock::duration::zero();
  }
  /// The picture is as good as it gets.
  void settled() { repeats_left_ = repeats_owed_; }
  /// Forgets everything pending; the next change is captured at once.
  void reset() { *this = FramePacer{interval_}; }

  /// What to do at `now`; counts as done.
  [[nodiscard]] Action next(Time now) {
    if (dirty_ && now >= earliest_capture()) {
      const bool keeps_changing = now - captured_at_ < 4 * interval_;
      dirty_ = false;
      repeats_left_ = most_repeats;
      repeats_owed_ = std::max(repeats_owed_, least_repeats);
      capture_due_ = std::max(capture_due_, now) + interval_;
      captured_at_ = framed_at_ = now;
      gap_ = keeps_changing ? std::max<Clock::duration>(2 * interval_, repeat_gap) : repeat_gap;
      return Action::capture;
    }
    const auto due = wake();
    if (dirty_ || !due || now < *due) return Action::none;
    const bool sharpens = repeats_left_ > 0;
    repeats_left_ = std::max(repeats_left_ - 1, 0);
    repeats_owed_ = std::max(repeats_owed_ - 1, 0);
    framed_at_ = now;
    gap_ = repeat_gap;
    return sharpens ? Action::repeat : Action::keep_alive;
  }

  /// When `next` has something to do again; empty: not before the first change or request.
  [[nodiscard]] std::optional<Time> wake() const {
    if (dirty_) return earliest_capture();
    if (framed_at_ == Time{}) return std::nullopt;
    return framed_at_ + (repeats_left_ > 0 ? gap_ : idle_gap);
  }

 private:
  explicit FramePacer(std::chrono::nanoseconds interval) : interval_(interval) {}

  [[nodiscard]] Time earliest_capture() const { return capture_due_ - interval_ / 2; }

  std::chrono::nanoseconds interval_;
  Time capture_due_{};  ///< of the next one, at the average rate
  Time captured_at_{};
  Time framed_at_{};       ///< the last capture or repeat
  Clock::duration gap_{};  ///< from then to the next repeat that sharpens
  int repeats_left_ = 0;
  int repeats_owed_ = 0;  ///< of those, also if the picture is sharp before
  bool dirty_ = false;
};

}  // namespace aerie::stream
