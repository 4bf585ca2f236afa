#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "guest/stream/delay_detector.hpp"

namespace aerie::stream {

/// What became of a packet, as the viewer's transport-wide feedback tells it.
struct PacketReport {
  std::uint32_t number = 0;  ///< in the order of sending
  std::uint32_t bytes = 0;
  DelayDetector::Time sent{};                   ///< on the sender's clock
  std::optional<DelayDetector::Time> received;  ///< on the viewer's clock; empty: not yet, or lost
};

/// Estimates how many bits a second a viewer's network takes, from the feedback of that viewer:
/// Google congestion control (draft-ietf-rmcat-gcc-02), its delay-based and its loss-based part.
///
/// - **A growing queue** (`DelayDetector`): down to 0.85 of what arrives, or half of it where more
///   than 200 ms of it wait. What the draft does not have: where a queue is there and much less
///   arrives than is sent, that is no trend to wait for, but a rate that fell; and once the queue
///   is empty again, 0.85 of what arrived before is tried at once.
/// - **Loss** of more than 10 %: down by half of it. What the draft does not have: a network that
///   loses whatever is sent would bring the rate to nothing, so the loss that remains at any rate
///   (the least of the last 10 s, at most 15 %) is left out.
/// - **Neither**: up by 8 % a second, by 30 % after 5 s without trouble and below the rate at which
///   trouble began; near that rate by half a packet a response time. Never above 1.5 of what
///   arrives: where little is sent, nothing is learnt. For the same reason a queue that grows while
///   little is sent says nothing of the rate that fits, and 0.85 of the estimate is taken.
///
/// Pure: the caller brings the time, which never goes back.
class CongestionController {
 public:
  using Time = DelayDetector::Time;  ///< on the sender's clock
  struct Limits {
    int least = 0;  ///< bit/s, like `most`, which is also the first estimate
    int most = 0;
  };

  explicit CongestionController(Limits limits) : limits_(limits), target_(limits.most) {}

  /// The most that is ever sent is another now; an estimate that was at it goes along.
  void set_most(int most);
  /// Feedback that came at `now`.
  void report(Time now, const std::vector<PacketReport>& packets);
  /// Packets went out a while ago and nothing has been heard since. What was sent before `now` is
  /// then no sign of congestion any more.
  void silence(Time now);

  /// Bits a second.
  [[nodiscard]] int target() const { return static_cast<int>(target_); }
  /// Whether the network has shown a limit below the most that is ever sent.
  [[nodiscard]] bool is_limited() const { return target_ < limits_.most; }
  /// Of the packets of the last half second; 0 to 1.
  [[nodiscard]] double loss() const { return loss_; }
  /// From a packet's start to the news of it: a round trip and the viewer's pause between reports.
  [[nodiscard]] std::optional<Time> response() const { return response_; }
  [[nodiscard]] Time queue() const { return delays_.queue(); }
  /// Whether a queue was found that has to empty before the rate that fits can be sent.
  [[nodiscard]] bool is_draining() const { return is_draining_; }

 private:
  struct Rates {
    double sent = 0;      ///< bit/s
    double received = 0;  ///< bit/s
    bool is_known = false;
  };

  void note(const PacketReport& packet);
  [[nodiscard]] Rates rates() const;
  void mind_delay(Time now, const Rates& rates);
  void slow_down(Time now, const Rates& rates, bool is_flooded);
  [[nodiscard]] bool is_flooded(const Rates& rates) const;
  void mind_loss(Time now, const Rates& rates);
  void decrease(Time now, double target);
  void increase(Time now, const Rates& rates);
  [[nodiscard]] double inherent_loss() const;

  Limits limits_;
  double target_;
  DelayDetector delays_;
  std::deque<PacketReport> history_;
  Time deaf_until_{};  ///< what was sent before does not count
  std::optional<Time> response_;

  struct Loss {
    Time at;
    double share;
  };
  double loss_ = 0;
  std::deque<Loss> losses_;  ///< the last 10 s
  int counted_ = 0;          ///< packets of the interval that runs
  int lost_ = 0;
  Time counted_since_{};
  bool loss_allows_more_ = true;

  std::optional<double> ceiling_;  ///< what arrived when trouble began, bit/s
  bool is_draining_ = false;       ///< a queue that half the rate is to empty
  std::optional<Time> decreased_at_;
  Time changed_at_{};  ///< of the last step, in either direction
};

}  // namespace aerie::stream
