#include "guest/stream/audio_peer.hpp"

#include <charconv>
#include <chrono>
#include <string_view>

#include "guest/stream/gst_promise.hpp"
#include "guest/stream/ice.hpp"

namespace aerie::stream {
namespace {

constexpr std::chrono::seconds connect_within{20};

/// RFC 7587. `sprop-stereo`: two channels are sent.
constexpr auto offered_audio =
    "application/x-rtp,media=audio,clock-rate=48000,encoding-name=OPUS,payload=111,"
    "encoding-params=(string)2,minptime=(string)10,sprop-stereo=(string)1";

Cause peer_failed(const std::string& why) {
  return {CauseKind::network_failed,
          "The audio peer does not start: " + why + ".",
          "Ask for a new offer; look at the stream's log if it happens again.",
          {}};
}

std::optional<unsigned> number_before_space(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end == text.data() + text.size() || *end != ' ' || value > 127)
    return std::nullopt;
  return value;
}

}  // namespace

tl::expected<unsigned, std::string> opus_payload(const GstSDPMessage* answer) {
  if (gst_sdp_message_medias_len(answer) != 1)
    return tl::unexpected(std::string{"the answer does not have the offer's one medium"});
  const auto* media = gst_sdp_message_get_media(answer, 0);
  if (std::string_view{gst_sdp_media_get_media(media)} != "audio")
    return tl::unexpected(std::string{"the answer's medium is not audio"});
  for (guint i = 0; const auto* map = gst_sdp_media_get_attribute_val_n(media, "rtpmap", i); ++i) {
    const auto payload = number_before_space(map);
    const std::string_view name{map};
    if (payload && gst_sdp_media_get_port(media) != 0 &&
        (name.find(" opus/") != std::string_view::npos ||
         name.find(" OPUS/") != std::string_view::npos))
      return *payload;
  }
  return tl::unexpected(std::string{"the viewer does not take Opus"});
}

AudioPeer::Home AudioPeer::home() {
  return {loop_, weak_from_this()};
}

Result<std::shared_ptr<AudioPeer>> AudioPeer::create(EventLoop& loop, const MediaClock& clock,
                                                     const std::vector<IceServer>& servers,
                                                     Events events) {
  auto pipeline =
      Pipeline::parse("webrtcbin name=webrtc bundle-policy=max-bundle latency=0", clock);
  if (!pipeline) return tl::unexpected(pipeline.error());
  std::shared_ptr<AudioPeer> peer{new AudioPeer(loop, std::move(*pipeline), std::move(events))};
  if (auto cause = peer->start(servers)) return tl::unexpected(*cause);
  return peer;
}

AudioPeer::AudioPeer(EventLoop& loop, Pipeline pipeline, Events events)
    : loop_(loop),
      events_(std::move(events)),
      pipeline_(std::move(pipeline)),
      webrtc_(pipeline_.element("webrtc")),
      candidates_(webrtc_) {}

AudioPeer::~AudioPeer() {
  ended_ = true;
  pipeline_.stop();
}

std::optional<Cause> AudioPeer::start(const std::vector<IceServer>& servers) {
  listen();
  auto certificate = OwnCertificate::make();
  if (!certificate) return certificate.error();
  certificate_ = std::move(*certificate);
  certificate_->use_in(webrtc_.get());
  set_up_ice(webrtc_.get(), servers);
  const GstPtr<GstCaps> caps{gst_caps_from_string(offered_audio)};
  GstPtr<GstObject> transceiver;
  g_signal_emit_by_name(webrtc_.get(), "add-transceiver",
                        GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, caps.get(),
                        transceiver.out());
  if (!transceiver) return peer_failed("webrtcbin takes no audio");
  g_object_set(transceiver.get(), "codec-preferences", caps.get(), nullptr);
  if (!pipeline_.play()) return peer_failed("webrtcbin does not play");
  make_offer();
  return std::nullopt;
}

void AudioPeer::listen() {
  home().connect(webrtc_.get(), "on-ice-candidate", G_CALLBACK(on_ice_candidate));
  home().connect(webrtc_.get(), "notify::connection-state", G_CALLBACK(on_state));
  pipeline_.on_error([at = home()](const std::string& error) {
    at.post([error](AudioPeer& peer) { peer.end(error); });
  });
}

void AudioPeer::make_offer() {
  const auto made = promise([at = home()](const GstStructure* reply) {
    auto shared =
        std::make_shared<GstPtr<GstWebRTCSessionDescription>>(description_in(reply, "offer"));
    at.post([shared, error = error_of(reply)](AudioPeer& peer) {
      *shared ? peer.offer_made(*shared) : peer.end("no offer could be made: " + error);
    });
  });
  g_signal_emit_by_name(webrtc_.get(), "create-offer", nullptr, made.get());
}

void AudioPeer::offer_made(const GstPtr<GstWebRTCSessionDescription>& offer) {
  const GstPtr<gchar> text{gst_sdp_message_as_text(offer.get()->sdp)};
  // The offer first, so that it stands before its candidates.
  events_.offer(certificate_->with_fingerprint(text.get()));
  const auto set = promise([at = home()](const GstStructure* reply) {
    const auto error = error_of(reply);
    if (!error.empty())
      at.post([error](AudioPeer& peer) { peer.end("the offer was not taken: " + error); });
  });
  g_signal_emit_by_name(webrtc_.get(), "set-local-description", offer.get(), set.get());
}

void AudioPeer::answer(const std::string& sdp) {
  if (answered_ || ended_) return;
  answered_ = true;
  const auto description = parsed_description(GST_WEBRTC_SDP_TYPE_ANSWER, sdp);
  if (!description) return end("the answer is no session description");
  const auto payload = opus_payload(description.get()->sdp);
  if (!payload) return end(payload.error());
  payload_ = *payload;
  connect_deadline_ = loop_.after(connect_within, [weak = weak_from_this()] {
    if (const auto self = weak.lock())
      self->end("no connection within 20 s; the viewer may be unreachable");
  });
  const auto set = promise([at = home()](const GstStructure* reply) {
    at.post([error = error_of(reply)](AudioPeer& peer) {
      error.empty() ? peer.answer_taken() : peer.end("the answer was not taken: " + error);
    });
  });
  g_signal_emit_by_name(webrtc_.get(), "set-remote-description", description.get(), set.get());
}

void AudioPeer::answer_taken() {
  if (!attach_sender()) return end("the audio could not be attached");
  candidates_.release();
}

bool AudioPeer::attach_sender() {
  const auto description =
      "appsrc name=source is-live=true format=time max-bytes=0 max-buffers=50 max-time=0 "
      "leaky-type=downstream ! rtpopuspay auto-header-extension=false pt=" +
      std::to_string(payload_);
  const auto sender = GstPtr<GstElement>::sink(
      gst_parse_bin_from_description(description.c_str(), /*ghost_unlinked_pads=*/TRUE, nullptr));
  if (!sender) return false;
  gst_bin_add(GST_BIN(pipeline_.get()), sender.get());
  const GstPtr<GstPad> out{gst_element_get_static_pad(sender.get(), "src")};
  const auto in = first_sink_pad(webrtc_.get());
  if (!in || gst_pad_link(out.get(), in.get()) != GST_PAD_LINK_OK) return false;
  source_ = element_of(sender.get(), "source");
  if (!gst_element_sync_state_with_parent(sender.get())) return false;
  // Nobody reads the bus, so nobody else answers the new elements' latency messages.
  return gst_bin_recalculate_latency(GST_BIN(pipeline_.get())) == TRUE;
}

void AudioPeer::add_candidate(const std::string& candidate, unsigned line) {
  if (!ended_) candidates_.add(candidate, line);
}

void AudioPeer::state_changed(GstWebRTCPeerConnectionState state) {
  if (state == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED && !connected_ && source_) {
    connected_ = true;
    connect_deadline_.cancel();
    for (const auto& dtls : connected_dtls(webrtc_.get()))
      home().connect(dtls.get(), "notify::connection-state", G_CALLBACK(on_dtls_state));
    events_.connected();
  } else if (state == GST_WEBRTC_PEER_CONNECTION_STATE_FAILED) {
    end("the connection to the viewer failed");
  } else if (state == GST_WEBRTC_PEER_CONNECTION_STATE_CLOSED) {
    viewer_closed();
  }
}

void AudioPeer::viewer_closed() {
  ended_ = true;
  events_.closed();
}

void AudioPeer::end(const std::string& reason) {
  if (ended_) return;
  ended_ = true;
  connect_deadline_.cancel();
  events_.failed(reason);
}

void AudioPeer::on_ice_candidate(GstElement*, guint line, gchar* candidate, gpointer home) {
  Home::of(home).post([line, text = std::string{candidate ? candidate : ""}](AudioPeer& peer) {
    peer.events_.candidate(text, line);
  });
}

void AudioPeer::on_dtls_state(GstElement* dtls, GParamSpec*, gpointer home) {
  if (is_closed(dtls)) Home::of(home).post([](AudioPeer& peer) { peer.viewer_closed(); });
}

void AudioPeer::on_state(GstElement* webrtc, GParamSpec*, gpointer home) {
  Home::of(home).post(
      [state = connection_state(webrtc)](AudioPeer& peer) { peer.state_changed(state); });
}

}  // namespace aerie::stream
