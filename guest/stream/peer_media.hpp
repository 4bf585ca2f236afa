#pragma once

#include <vector>

#include "guest/stream/answer_sdp.hpp"
#include "guest/stream/gst_ptr.hpp"

namespace aerie::stream {

/// What is offered: one structure a codec, in order, with feedback and header extensions; behind
/// each but the first one for its retransmissions, which webrtcbin 1.22 adds to the first alone.
[[nodiscard]] GstPtr<GstCaps> offered_video(const std::vector<Codec>& codecs);

/// A bin of `appsrc name=source` and the payloader that the answer asks for (`name=payloader`),
/// with a source pad `src`; empty when an element is missing.
[[nodiscard]] GstPtr<GstElement> make_sender(const AcceptedVideo& video);

}  // namespace aerie::stream
