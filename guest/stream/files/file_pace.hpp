#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace aerie::stream {

/// How fast a file may go to a viewer beside its video, which comes first: additive growth would
/// take minutes on a fast network, so the rate grows by half a second and is halved at each sign
/// that the network is full (the rate controller of the video lowers its estimate, packets wait for
/// the pacer, or are lost). Where the network has shown a limit, a file gets a fifth of it at most.
///
/// Pure: the caller brings the time, which never goes back.
class FilePace {
 public:
  using Time = std::chrono::microseconds;

  /// Of one viewer's video.
  struct Network {
    int target = 0;                       ///< what the network takes, bit/s
    int most = 0;                         ///< what the video needs at its best, bit/s
    double loss = 0;                      ///< 0 to 1
    std::chrono::milliseconds waiting{};  ///< for packets to go out
  };

  static constexpr double least = 64'000;  ///< bit/s
  static constexpr double first = 4'000'000;
  static constexpr double most = 80'000'000;

  /// The bytes that may go now; `spend` those that went.
  [[nodiscard]] std::size_t budget(Time now, const Network& network) {
    const double passed = std::chrono::duration<double>(now - at_).count();
    const bool is_first = at_ == Time{};
    at_ = now;
    if (!is_first) adapt(now, passed, network);
    before_ = network;
    const double rate =
        is_limited(network) ? std::min(rate_, network.target * share_of_limit) : rate_;
    if (!is_first) bytes_ = std::min(bytes_ + rate * std::min(passed, longest_gap) / 8, burst);
    return static_cast<std::size_t>(std::max(bytes_, 0.0));
  }
  void spend(std::size_t bytes) { bytes_ -= static_cast<double>(bytes); }
  [[nodiscard]] double rate() const { return rate_; }

 private:
  static constexpr double growth = 0.5;  ///< a second
  static constexpr double share_of_limit = 0.2;
  static constexpr double harmful_loss = 0.02;
  static constexpr double longest_gap = 0.1;  ///< seconds
  static constexpr double burst = 256 * 1024;
  static constexpr std::chrono::milliseconds full{30};
  static constexpr Time halve_pause{200'000};

  [[nodiscard]] static bool is_limited(const Network& network) {
    return network.target < network.most;
  }

  void adapt(Time now, double passed, const Network& network) {
    const bool is_full =
        network.target < before_.target || network.waiting > full || network.loss > harmful_loss;
    if (!is_full) {
      rate_ = std::min(rate_ * (1 + growth * std::min(passed, longest_gap)), most);
    } else if (now - halved_at_ >= halve_pause) {
      rate_ = std::max(rate_ / 2, least);
      halved_at_ = now;
      bytes_ = std::min(bytes_, 0.0);
    }
  }

  double rate_ = first;
  double bytes_ = 0;
  Time at_{};
  Time halved_at_ = -halve_pause;
  Network before_;
};

}  // namespace aerie::stream
