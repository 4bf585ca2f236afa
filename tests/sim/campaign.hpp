#pragma once

#include <cstdint>

namespace aerie::sim {

/// Which seeds.
struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t count = 2'000;
};

/// Each of these prints what it found and is true where all is well.

/// Plays a history a seed. The first that breaks a rule is shrunk and printed.
bool explore(const Seeds& seeds);

/// Plays each seed twice: the same steps in the same order, or it is no simulation.
bool repeat(const Seeds& seeds);

/// Lets the controller of each seed die at each of its writes, before and after it is durable.
bool die_at_every_write(const Seeds& seeds);

/// Plants each known mistake and looks for the first seed that shows it, and does not without it.
/// True where every one was found.
bool find_planted(const Seeds& seeds);

}  // namespace aerie::sim
