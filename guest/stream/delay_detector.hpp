#pragma once

#include <chrono>
#include <deque>
#include <optional>

namespace aerie::stream {

/// What the delays of packets say about the way to the viewer.
enum class NetworkUse {
  normal,
  over,   ///< more is sent than it takes: a queue grows
  under,  ///< a queue empties
};

/// Finds a growing queue in the times at which packets were sent and came, on clocks that need not
/// agree: draft-ietf-rmcat-gcc-02, section 5 (groups of packets, adaptive threshold), with the
/// least-squares line through the last 20 groups that libwebrtc has in the place of the draft's
/// Kalman filter. Jitter makes delays grow, too, but not all of them: a queue counts only where the
/// smallest delays have left the base delay (the minimum filters of RFC 6817). Pure.
class DelayDetector {
 public:
  using Time = std::chrono::microseconds;  ///< since any origin, one of the sender's, one of theirs

  /// A packet that came; in the order of sending, as far as known.
  void packet(Time sent, Time received);
  [[nodiscard]] NetworkUse use() const { return use_; }
  /// How long packets wait on their way, by the smallest delays.
  [[nodiscard]] Time queue() const;
  /// Forgets what was before a break.
  void reset() { *this = DelayDetector{}; }

 private:
  struct Group {
    Time first_sent;
    Time sent;  ///< of its last packet, like `received`
    Time received;
  };
  struct Point {
    double at;     ///< ms
    double delay;  ///< smoothed, ms
  };
  /// The smallest delay in 100 ms of arrivals.
  struct Least {
    std::int64_t slot;
    Time delay;
  };

  void note_least(Time received, Time delay);
  void compare(const Group& before, const Group& after);
  void detect(double slope, double passed_ms);

  std::optional<Group> group_;
  std::optional<Group> before_;
  std::deque<Least> least_;
  std::deque<Point> points_;
  int groups_ = 0;
  double delay_ = 0;     ///< since the first group, ms
  double smoothed_ = 0;  ///< ms
  double slope_ = 0;
  double threshold_ = 12.5;  ///< ms
  double over_ms_ = 0;
  int over_count_ = 0;
  NetworkUse use_ = NetworkUse::normal;
};

}  // namespace aerie::stream
