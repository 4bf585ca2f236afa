#pragma once

#include <optional>
#include <vector>

#include "actors/core/vitals.hpp"
#include "messages/cause.hpp"

namespace aerie {

/// What an operator sees of the networks of a stream's viewers, out of the streamer's word `stats`:
/// `{…, targetsBps:[…], lossesPermille:[…]}`, an entry for each viewer whose rate is controlled.
/// `targetBitsPerSecond`, what the worst of them is taken to bear, and `lossPercent`, the most that
/// one loses; nothing where no rate is controlled. The guest is hostile: empty where a field is of
/// another type or out of bounds (64 viewers, 1 Gbit/s).
[[nodiscard]] std::optional<std::vector<ActorFigure>> read_network_figures(const Json& body);

}  // namespace aerie
