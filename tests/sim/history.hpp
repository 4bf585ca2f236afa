#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/judge.hpp"
#include "tests/sim/plan.hpp"

namespace aerie::sim {

/// What became of a plan.
struct Outcome {
  std::optional<Violation> violation;
  std::uint64_t steps = 0;       ///< messages handled by actors
  std::uint64_t digest = 0;      ///< of who handled what, in which order and when
  std::size_t lives = 0;         ///< of controllers
  std::size_t writes = 0;        ///< batches that became durable
  std::vector<std::string> log;  ///< the last things that happened, where that was asked for
};

/// Plays a plan to its end, or to the first violation. The same plan gives the same history.
[[nodiscard]] Outcome play(const Plan& plan, bool with_log = false);

}  // namespace aerie::sim
