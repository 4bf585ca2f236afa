#include "guest/stream/webrtc_parts.hpp"

#include "guest/stream/ice.hpp"

namespace aerie::stream {
namespace {

constexpr std::size_t most_early = 64;
// Of GstDtlsConnectionState, which has no header.
constexpr gint dtls_closed = 1;
constexpr gint dtls_connected = 4;

gint dtls_state(GstElement* dtls) {
  gint state = 0;
  g_object_get(dtls, "connection-state", &state, nullptr);
  return state;
}

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

std::vector<GstPtr<GstElement>> connected_dtls(GstElement* webrtc) {
  std::vector<GstPtr<GstElement>> found;
  const auto collect = [](const GValue* value, gpointer all) {
    auto element = GstPtr<GstElement>::borrow(GST_ELEMENT(g_value_get_object(value)));
    if (dtls_state(element.get()) == dtls_connected)
      static_cast<std::vector<GstPtr<GstElement>>*>(all)->push_back(std::move(element));
  };
  const std::unique_ptr<GstIterator, decltype(&gst_iterator_free)> elements{
      gst_bin_iterate_all_by_element_factory_name(GST_BIN(webrtc), "dtlssrtpenc"),
      &gst_iterator_free};
  (void)gst_iterator_foreach(elements.get(), collect, &found);
  return found;
}

bool is_closed(GstElement* dtls) {
  return dtls_state(dtls) == dtls_closed;
}

}  // namespace aerie::stream
