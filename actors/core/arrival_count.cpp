#include "actors/core/arrival_count.hpp"

#include <bit>

namespace aerie {

std::atomic<unsigned> ArrivalCount::free_{(1U << shared_place) - 1};

/// A thread's hold on its place. What the thread before it counted there is seen by the next.
class ArrivalCount::Seat {
 public:
  Seat() {
    for (auto free = free_.load(std::memory_order_relaxed); free != 0;) {
      const auto taken = free & (~free + 1);  // the lowest
      if (!free_.compare_exchange_weak(free, free & ~taken, std::memory_order_acquire,
                                       std::memory_order_relaxed))
        continue;
      place_ = static_cast<std::size_t>(std::countr_zero(taken));
      return;
    }
  }
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;
  ~Seat() {
    if (place_ == shared_place) return;
    free_.fetch_or(1U << place_, std::memory_order_release);
    place_ = shared_place;
  }
};

void ArrivalCount::seat_thread() {
  static const thread_local Seat seat;
}

}  // namespace aerie
