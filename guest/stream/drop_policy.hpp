#pragma once

#include <chrono>

namespace aerie::stream {

/// Which access units a viewer gets. One that falls behind, or that is not reached, gets nothing
/// but the next key frame, so its queue never grows and nobody waits for it. Pure; the caller
/// brings the time.
class DropPolicy {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::milliseconds;

  static constexpr Duration most_waiting{500};  ///< of units before the network
  /// A key frame is asked for when less than that waits, and not again before the pause is over:
  /// it costs all viewers of the encoder.
  static constexpr Duration drained{60};
  static constexpr Duration pause{2000};

  /// Whether the unit goes out, `waiting` before it.
  [[nodiscard]] bool takes(bool is_key, Duration waiting) {
    if (waiting >= most_waiting) needs_key_ = true;
    if (is_key && waiting < most_waiting)
      needs_key_ = is_dark_;
    else if (needs_key_)
      return false;
    return true;
  }
  /// Whether to ask for a key frame now.
  [[nodiscard]] bool asks(Duration waiting, Time now) {
    if (!needs_key_ || is_dark_ || waiting > drained || now < ask_at_) return false;
    ask_at_ = now + pause;
    return true;
  }
  /// What was sent is lost anyway: nothing but a key frame now.
  void start_afresh() {
    needs_key_ = true;
    ask_at_ = Time{};
  }
  [[nodiscard]] bool needs_key() const { return needs_key_; }
  /// While nothing is heard of the viewer only key frames are tried.
  void set_dark(bool is_dark) {
    needs_key_ = needs_key_ || is_dark;
    if (is_dark_ && !is_dark) ask_at_ = Time{};
    is_dark_ = is_dark;
  }

 private:
  bool needs_key_ = true;
  bool is_dark_ = false;
  Time ask_at_{};
};

}  // namespace aerie::stream
