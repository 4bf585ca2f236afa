#pragma once

#include <cstddef>
#include <cstdint>

#include "messages/time.hpp"

namespace aerie::sim {

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere, which the standard
/// library's distributions are not.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    auto z = state_ += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  /// 0 to `count` - 1; 0 where `count` is 0.
  std::size_t below(std::size_t count) { return count == 0 ? 0 : next() % count; }
  bool one_in(std::size_t count) { return below(count) == 0; }
  /// Both ends included.
  Duration between(Duration least, Duration most) {
    return least + Duration{below(static_cast<std::size_t>((most - least).count()) + 1)};
  }

 private:
  std::uint64_t state_;
};

}  // namespace aerie::sim
