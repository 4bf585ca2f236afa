#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "guest/stream/encoder_kinds.hpp"

namespace aerie::stream {

/// Has an encoder make a unit of a grey picture, as it would make those of the screen. A clause
/// that says why it did not, within that time, or nothing.
[[nodiscard]] std::optional<std::string> try_encoder(
    const EncoderKind& kind, std::chrono::milliseconds within = std::chrono::seconds{2});

}  // namespace aerie::stream
