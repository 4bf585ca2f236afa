#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace aerie::stream {

/// Which of the packets that a viewer misses are sent again. Behind a bottleneck they are asked for
/// again and again, and lost again in the same full queue, which so never empties: no more than a
/// share of the rate is spent on them, and nothing on those from before a fresh start, whose
/// pictures the next key frame replaces. Pure; the caller brings the time, which never goes back.
class RetransmissionBudget {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr double share = 0.25;  ///< of the rate
  static constexpr double packet_bits = 1200 * 8;
  static constexpr std::chrono::milliseconds burst{200};  ///< of the share, at once
  static constexpr std::chrono::seconds memory{3};        ///< of a fresh start: numbers come again

  /// Bits a second for everything that is sent; 0: any number of packets is sent again.
  void set_rate(int bits_per_second) { rate_ = bits_per_second; }
  /// Packets up to that RTP sequence number are out of date.
  void start_afresh(std::uint16_t last, Time now) { fresh_ = Fresh{last, now}; }

  [[nodiscard]] bool takes(std::uint16_t number, Time now) {
    if (fresh_ && now - fresh_->at > memory) fresh_.reset();
    // Sequence numbers wrap around (RFC 3550, appendix A.1).
    if (fresh_ && static_cast<std::int16_t>(number - fresh_->last) <= 0) return false;
    if (rate_ == 0) return true;
    const double packets_a_second = share * rate_ / packet_bits;
    const double most =
        std::max(packets_a_second * std::chrono::duration<double>(burst).count(), 2.0);
    const std::chrono::duration<double> passed = now - filled_at_;
    packets_ = std::min(packets_ + passed.count() * packets_a_second, most);
    filled_at_ = now;
    if (packets_ < 1) return false;
    packets_ -= 1;
    return true;
  }

 private:
  struct Fresh {
    std::uint16_t last;
    Time at;
  };
  int rate_ = 0;
  double packets_ = 0;
  Time filled_at_{};
  std::optional<Fresh> fresh_;
};

}  // namespace aerie::stream
