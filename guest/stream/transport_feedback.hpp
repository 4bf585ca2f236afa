#pragma once

#include <optional>
#include <vector>

#include "guest/stream/congestion_controller.hpp"
#include "guest/stream/gst_ptr.hpp"

namespace aerie::stream {

/// The packets that a viewer's transport-wide feedback tells of, out of the event that rtpsession
/// sends upstream for each one (`RTPTWCCPackets`, GStreamer 1.20 and later); empty: another event.
/// Sizes are those of payloads, times of sending are CLOCK_MONOTONIC.
[[nodiscard]] std::optional<std::vector<PacketReport>> transport_feedback_in(GstEvent* event);

}  // namespace aerie::stream
