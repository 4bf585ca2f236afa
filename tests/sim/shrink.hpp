#pragma once

#include <string>

#include "tests/sim/plan.hpp"

namespace aerie::sim {

/// The shortest plan found that still breaks `rule`: operations left out, actors in order of
/// arrival where that suffices.
[[nodiscard]] Plan shrink(Plan plan, const std::string& rule);

}  // namespace aerie::sim
