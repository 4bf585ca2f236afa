#pragma once

#include <functional>
#include <string>
#include <utility>

#include "guest/stream/gst_ptr.hpp"

namespace aerie::stream {

/// What is told of a promise's reply, on one of webrtcbin's threads; null: it did not reply.
using Replied = std::function<void(const GstStructure*)>;

/// A promise whose reply is given to `replied`.
[[nodiscard]] GstPtr<GstPromise> promise(Replied replied);

/// The error within a reply of webrtcbin; empty when it did what was asked.
[[nodiscard]] std::string error_of(const GstStructure* reply);

/// The session description called `name` in a reply; empty when there is none.
[[nodiscard]] GstPtr<GstWebRTCSessionDescription> description_in(const GstStructure* reply,
                                                                 const char* name);

}  // namespace aerie::stream
