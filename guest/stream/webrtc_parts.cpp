#include "guest/stream/webrtc_parts.hpp"

#include "guest/stream/ice.hpp"

namespace aerie::stream {
namespace {

constexpr std::size_t most_early = 64;

}  // namespace

void RemoteCandidates::add(const std::string& candidate, unsigned line) {
  if (!candidate.empty() && !is_usable_candidate(candidate)) return;
  if (is_released_)
    g_signal_emit_by_name(webrtc_.get(), "add-ice-candidate", line, candidate.c_str());
  else if (early_.size() < most_early)
    early_.push_back({candidate, line});
}

void RemoteCandidates::release() {
  is_released_ = true;
  for (const auto& [text, line] : std::exchange(early_, {}))
    add(text, line);
}

GstPtr<GstWebRTCSessionDescription> parsed_description(GstWebRTCSDPType type,
                                                       const std::string& text) {
  GstSDPMessage* message = nullptr;
  if (text.empty() || gst_sdp_message_new_from_text(text.c_str(), &message) != GST_SDP_OK)
    return {};
  return GstPtr<GstWebRTCSessionDescription>{gst_webrtc_session_description_new(type, message)};
}

GstPtr<GstPad> first_sink_pad(GstElement* webrtc) {
  GST_OBJECT_LOCK(webrtc);
  auto pad =
      webrtc->sinkpads ? GstPtr<GstPad>::borrow(GST_PAD(webrtc->sinkpads->data)) : GstPtr<GstPad>{};
  GST_OBJECT_UNLOCK(webrtc);
  return pad;
}

GstWebRTCPeerConnectionState connection_state(GstElement* webrtc) {
  GstWebRTCPeerConnectionState state{};
  g_object_get(webrtc, "connection-state", &state, nullptr);
  return state;
}

}  // namespace aerie::stream
