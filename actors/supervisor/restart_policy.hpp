#pragma once

#include <deque>
#include <optional>
#include <string>

#include "messages/exit_record.hpp"
#include "messages/profile.hpp"
#include "messages/time.hpp"

namespace aerie {

/// What a supervisor does about an exit.
enum class RestartVerdict {
  leave,    ///< ended as it may: not started again
  restart,  ///< started again, after `delay`
  give_up,  ///< no restart mends it, or there were too many: the supervisor ends
};

struct RestartDecision {
  RestartVerdict verdict = RestartVerdict::leave;
  Duration delay{0};
  std::string sentence;        ///< for operators and viewers, shown unchanged
  std::optional<Cause> cause;  ///< with `restart` and `give_up`
};

/// The restarts of one supervisor within its sliding window (OTP's restart intensity).
class RestartWindow {
 public:
  explicit RestartWindow(Intensity intensity) : intensity_(intensity) {}

  /// Counts a restart at `now`; false when that exceeds the intensity. One that is exactly as long
  /// ago as the window is wide counts, as in OTP.
  [[nodiscard]] bool admit(Duration now);
  [[nodiscard]] const Intensity& intensity() const { return intensity_; }

 private:
  Intensity intensity_;
  std::deque<Duration> restarts_;
};

/// What is known of one child's restarts. It lives in the supervisor, so no crash erases it.
struct RestartHistory {
  int restarts = 0;  ///< all of them
  int in_a_row = 0;  ///< since the child was last healthy for twice the longest back-off
};

/// Decides what follows an exit nobody asked for. `jitter` in [-1, 1] scales the back-off by up to
/// a quarter. Counts in `history` and `window`. `now` is monotonic.
[[nodiscard]] RestartDecision decide_restart(const ExitRecord& exit, RestartType type,
                                             const Backoff& backoff, RestartHistory& history,
                                             RestartWindow& window, Duration now, double jitter);

}  // namespace aerie
