#pragma once

#include "guest/stream/gst_ptr.hpp"

namespace aerie::stream {

/// The RTP header extension by which a sender asks the receiver to play at once.
inline constexpr auto playout_delay_uri =
    "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";

/// An extension element (for a payloader's `add-extension`) that writes a playout delay of 0 to 0
/// ms into every packet. Format: webrtc.googlesource.com,
/// docs/native-code/rtp-hdrext/playout-delay, 12 bits of least and 12 bits of most delay in units
/// of 10 ms.
[[nodiscard]] GstPtr<GstElement> make_playout_delay_extension(unsigned id);

/// The transport-wide congestion control extension, GStreamer's own element.
inline constexpr auto transport_cc_uri =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
[[nodiscard]] GstPtr<GstElement> make_transport_cc_extension(unsigned id);

}  // namespace aerie::stream
