#include "tests/sim/shrink.hpp"

#include <algorithm>

#include "tests/sim/history.hpp"

namespace aerie::sim {
namespace {

constexpr std::uint64_t schedules_tried = 12;

/// A plan of fewer operations meets other orders of events: some schedules are tried for each.
bool breaks(Plan& plan, const std::string& rule) {
  const auto own = plan.schedule;
  for (std::uint64_t attempt = 0; attempt < schedules_tried; ++attempt) {
    // First in order of arrival, then as it was, then otherwise.
    plan.schedule = attempt == 0 ? 0 : attempt == 1 ? own : own + 2 * attempt;
    const auto outcome = play(plan);
    if (outcome.violation && outcome.violation->rule == rule) return true;
  }
  plan.schedule = own;
  return false;
}

}  // namespace

Plan shrink(Plan plan, const std::string& rule) {
  for (auto chunk = std::max<std::size_t>(plan.operations.size() / 2, 1);;) {
    bool is_shorter = false;
    for (std::size_t from = 0; from < plan.operations.size();) {
      auto shorter = plan;
      const auto begin = shorter.operations.begin() + static_cast<std::ptrdiff_t>(from);
      const auto count = std::min(chunk, shorter.operations.size() - from);
      shorter.operations.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
      if (breaks(shorter, rule)) {
        plan = std::move(shorter);
        is_shorter = true;
      } else {
        from += chunk;
      }
    }
    if (!is_shorter && chunk == 1) return plan;
    if (!is_shorter) chunk = std::max<std::size_t>(chunk / 2, 1);
  }
}

}  // namespace aerie::sim
