#pragma once

#include <optional>

#include "actors/core/vitals.hpp"
#include "actors/ports/stream_meter.hpp"
#include "messages/cause.hpp"

namespace aerie {

/// Reads the streamer's word `stats`:
/// `{afterMs, encoders:[{codec, bytes, encodeUs:[…]}], roundTripsUs:[…]}`. The guest is hostile:
/// none where a field is missing, of another type or out of bounds (a minute, 3 encoders, 1,024
/// frames an encoder, 1 GiB, 64 viewers).
[[nodiscard]] std::optional<StreamFigures> read_stream_figures(const Json& body);

/// What an operator sees of them: `framesPerSecond`, `bitsPerSecond`, `encodeP50Ms`, `encodeP99Ms`,
/// `roundTripMs` (the slowest viewer's). Of several encoders the bits are added up, the most frames
/// count. Where nothing was measured, because the picture is still, what was known before stands.
[[nodiscard]] std::vector<ActorFigure> shown_figures(const StreamFigures& figures,
                                                     const std::vector<ActorFigure>& before = {});

}  // namespace aerie
