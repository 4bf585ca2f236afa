#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <numeric>

namespace aerie {

/// How many messages came to one actor, counted by whoever sends. An atomic addition costs a sender
/// several times what all the rest of being seen does, so the threads that run actors have a place
/// each that they alone write, by a plain store; all other threads share one more.
class ArrivalCount {
 public:
  void add() {
    auto& count = counts_[place_];
    if (place_ == shared_place)
      count.fetch_add(1, std::memory_order_relaxed);
    else
      count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  /// From any thread; what is added meanwhile may be in it or not.
  [[nodiscard]] std::uint64_t total() const {
    return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const auto& count) {
                             return sum + count.load(std::memory_order_relaxed);
                           });
  }

  /// Gives the calling thread a place of its own until it ends, where one is free.
  static void seat_thread();

 private:
  static constexpr std::size_t shared_place = 5;  ///< and so many are single threads'

  class Seat;
  static inline constinit thread_local std::size_t place_ = shared_place;
  static std::atomic<unsigned> free_;  ///< a bit a place

  std::array<std::atomic<std::uint64_t>, shared_place + 1> counts_{};
};

}  // namespace aerie
