#pragma once

#include <string>

#include "guest/stream/control_messages.hpp"
#include "guest/stream/gst_ptr.hpp"

namespace aerie::stream {

/// What a viewer's answer settles for the video.
struct AcceptedVideo {
  Codec codec = Codec::h264;
  unsigned payload = 0;     ///< RTP payload type
  unsigned playout_id = 0;  ///< header extension id of the playout delay, 0: not taken
  unsigned transport_cc_id = 0;
  unsigned ssrc = 0;  ///< of its packets, 0: any
};

struct ParsedAnswer {
  GstPtr<GstWebRTCSessionDescription> description;
  AcceptedVideo video;
};

/// Reads an answer and the first codec of its video; the error is a clause for `peer failed`.
[[nodiscard]] tl::expected<ParsedAnswer, std::string> parse_answer(const std::string& sdp);

}  // namespace aerie::stream
