#include "guest/stream/peer.hpp"

#include <algorithm>
#include <gst/video/video.h>

#include "guest/stream/gst_promise.hpp"
#include "guest/stream/ice.hpp"
#include "guest/stream/peer_media.hpp"

namespace aerie::stream {
namespace {

constexpr std::chrono::seconds connect_within{20};
/// A player is told of no candidate after the answer, and waits for it.
constexpr std::chrono::seconds gather_within{1};
/// Checks that reach a player before the answer does are lost on it; libnice as a player gives the
/// pair up for good. With the answer it begins by itself.
constexpr std::chrono::milliseconds check_after{500};

Cause peer_failed(const std::string& why) {
  return {CauseKind::network_failed,
          "The peer does not start: " + why + ".",
          "Ask for a new offer; look at the stream's log if it happens again.",
          {}};
}

/// The round trip of the viewer's newest receiver report, of webrtcbin's statistics.
std::optional<std::chrono::microseconds> round_trip_in(const GstStructure* statistics) {
  std::optional<std::chrono::microseconds> found;
  if (!statistics) return found;
  const auto look = [](GQuark, const GValue* value, gpointer data) -> gboolean {
    if (!GST_VALUE_HOLDS_STRUCTURE(value)) return TRUE;
    const auto* entry = gst_value_get_structure(value);
    double seconds = 0;
    if (gst_structure_get_double(entry, "round-trip-time", &seconds) && seconds > 0)
      *static_cast<std::optional<std::chrono::microseconds>*>(data) =
          std::chrono::duration_cast<std::chrono::microseconds>(
              std::chrono::duration<double>(seconds));
    return TRUE;
  };
  gst_structure_foreach(statistics, look, &found);
  return found;
}

}  // namespace

Peer::Home Peer::home() {
  return {loop_, weak_from_this()};
}

Result<std::shared_ptr<Peer>> Peer::create(EventLoop& loop, const MediaClock& clock,
                                           const Configure& configuration, Events events,
                                           std::optional<PlayerOffer> player) {
  auto pipeline =
      Pipeline::parse("webrtcbin name=webrtc bundle-policy=max-bundle latency=0", clock);
  if (!pipeline) return tl::unexpected(pipeline.error());
  const int most_bitrate =
      bitrate_of({configuration.width, configuration.height, configuration.fps});
  std::shared_ptr<Peer> peer{
      new Peer(loop, std::move(*pipeline), most_bitrate, std::move(events), std::move(player))};
  if (auto cause = peer->start(configuration)) return tl::unexpected(*cause);
  return peer;
}

Peer::Peer(EventLoop& loop, Pipeline pipeline, int most_bitrate, Events events,
           std::optional<PlayerOffer> player)
    : loop_(loop),
      events_(std::move(events)),
      pipeline_(std::move(pipeline)),
      webrtc_(pipeline_.element("webrtc")),
      player_(std::move(player)),
      candidates_(webrtc_),
      most_bitrate_(most_bitrate) {}

Peer::~Peer() {
  ended_ = true;
  if (channels_) channels_->detach();
  if (files_) files_->detach();
  if (send_control_) send_control_->stop();
  pipeline_.stop();
}

std::optional<Cause> Peer::start(const Configure& configuration) {
  listen();
  auto certificate = OwnCertificate::make();
  if (!certificate) return certificate.error();
  certificate_ = std::move(*certificate);
  certificate_->use_in(webrtc_.get());
  set_up_ice(webrtc_.get(), configuration.ice_servers);
  if (player_) gather_at_once(webrtc_.get());
  GstPtr<GstObject> transceiver;
  const auto caps = player_ ? player_->caps() : offered_video(configuration.codecs);
  g_signal_emit_by_name(webrtc_.get(), "add-transceiver",
                        GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, caps.get(),
                        transceiver.out());
  if (!transceiver) return peer_failed("webrtcbin takes no video");
  g_object_set(transceiver.get(), "codec-preferences", caps.get(), "do-nack", TRUE, nullptr);
  if (!pipeline_.play()) return peer_failed("webrtcbin does not play");
  if (player_) {
    if (!take_player_offer()) return peer_failed("the offer can't be read");
    return std::nullopt;
  }
  if (!open_channels(configuration.file_bytes > 0))
    return peer_failed("webrtcbin makes no data channels");
  make_offer();
  return std::nullopt;
}

bool Peer::open_channels(bool with_files) {
  channels_ = DataChannels::create(
      loop_, webrtc_.get(),
      {.opened = [at = home()] { at.post([](Peer& peer) { peer.events_.input_opened(); }); },
       .closed =
           [at = home()] {
             at.post(
                 [](Peer& peer) { peer.state_changed(GST_WEBRTC_PEER_CONNECTION_STATE_CLOSED); });
           },
       .message =
           [weak = weak_from_this()](ViewerMessage message) {
             const auto self = weak.lock();
             if (self && !self->ended_) self->events_.message(std::move(message));
           }});
  if (with_files) files_ = FileChannel::create(loop_, webrtc_.get());
  return channels_ && (files_ || !with_files);
}

void Peer::listen() {
  home().connect(webrtc_.get(), "on-ice-candidate", G_CALLBACK(on_ice_candidate));
  home().connect(webrtc_.get(), "notify::connection-state", G_CALLBACK(on_state));
  if (player_)
    home().connect(webrtc_.get(), "notify::ice-gathering-state", G_CALLBACK(on_gathering));
  pipeline_.on_error([at = home()](const std::string& error) {
    at.post([error](Peer& peer) { peer.broken(error); });
  });
}

void Peer::make_offer() {
  const auto made = promise([at = home()](const GstStructure* reply) {
    auto shared =
        std::make_shared<GstPtr<GstWebRTCSessionDescription>>(description_in(reply, "offer"));
    at.post([shared, error = error_of(reply)](Peer& peer) {
      if (*shared)
        peer.offer_made(std::move(*shared));
      else
        peer.end("no offer could be made: " + error);
    });
  });
  g_signal_emit_by_name(webrtc_.get(), "create-offer", nullptr, made.get());
}

void Peer::offer_made(GstPtr<GstWebRTCSessionDescription> offer) {
  const GstPtr<gchar> text{gst_sdp_message_as_text(offer.get()->sdp)};
  // The offer first, so that it stands before its candidates.
  events_.offer(certificate_->with_fingerprint(text.get()));
  const auto set = promise([at = home()](const GstStructure* reply) {
    const auto error = error_of(reply);
    if (!error.empty())
      at.post([error](Peer& peer) { peer.end("the offer was not taken: " + error); });
  });
  g_signal_emit_by_name(webrtc_.get(), "set-local-description", offer.get(), set.get());
}

void Peer::answer(const std::string& sdp) {
  if (answered_ || ended_) return;
  answered_ = true;
  auto accepted = parse_answer(sdp);
  if (!accepted) return end(accepted.error());
  video_ = accepted->video;
  await_connection();
  const auto set = promise([at = home()](const GstStructure* reply) {
    at.post([error = error_of(reply)](Peer& peer) {
      error.empty() ? peer.answer_taken() : peer.end("the answer was not taken: " + error);
    });
  });
  g_signal_emit_by_name(webrtc_.get(), "set-remote-description", accepted->description.get(),
                        set.get());
}

void Peer::answer_taken() {
  if (!attach_video()) return end("the video could not be attached");
  if (!player_) candidates_.release();
}

void Peer::await_connection() {
  connect_deadline_ = loop_.after(connect_within, [weak = weak_from_this()] {
    if (const auto self = weak.lock())
      self->end("no connection within 20 s; the viewer may be unreachable");
  });
}

// -- answering a player ---------------------------------------------------------------------------

bool Peer::take_player_offer() {
  const auto offer = parsed_description(GST_WEBRTC_SDP_TYPE_OFFER, player_->reduced());
  if (!offer) return false;
  answered_ = true;  // nobody else will
  video_ = player_->video();
  for (const auto& candidate : player_->candidates())
    add_candidate(candidate, 0);
  await_connection();
  const auto set = promise([at = home()](const GstStructure* reply) {
    at.post([error = error_of(reply)](Peer& peer) {
      error.empty() ? peer.make_answer() : peer.end("the offer was not taken: " + error);
    });
  });
  g_signal_emit_by_name(webrtc_.get(), "set-remote-description", offer.get(), set.get());
  return true;
}

void Peer::make_answer() {
  const auto made = promise([at = home()](const GstStructure* reply) {
    auto shared =
        std::make_shared<GstPtr<GstWebRTCSessionDescription>>(description_in(reply, "answer"));
    at.post([shared, error = error_of(reply)](Peer& peer) {
      if (*shared)
        peer.answer_made(std::move(*shared));
      else
        peer.end("no answer could be made: " + error);
    });
  });
  g_signal_emit_by_name(webrtc_.get(), "create-answer", nullptr, made.get());
}

void Peer::answer_made(GstPtr<GstWebRTCSessionDescription> answer) {
  const GstPtr<gchar> text{gst_sdp_message_as_text(answer.get()->sdp)};
  own_answer_ = certificate_->with_fingerprint(text.get());
  gathering_deadline_ = loop_.after(gather_within, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->tell_answer();
  });
  const auto set = promise([at = home()](const GstStructure* reply) {
    at.post([error = error_of(reply)](Peer& peer) {
      error.empty() ? peer.answer_taken() : peer.end("the answer was not taken: " + error);
    });
  });
  g_signal_emit_by_name(webrtc_.get(), "set-local-description", answer.get(), set.get());
}

/// Once: when all candidates are there, or the time for them is up.
void Peer::tell_answer() {
  if (ended_ || own_answer_.empty()) return;
  gathering_deadline_.cancel();
  events_.answer(player_->answer(std::exchange(own_answer_, {}), own_candidates_));
  checks_due_ = loop_.after(check_after, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && !self->ended_) self->candidates_.release();
  });
}

// -- media ----------------------------------------------------------------------------------------

bool Peer::attach_video() {
  auto sender = make_sender(video_);
  if (!sender) return false;
  gst_bin_add(GST_BIN(pipeline_.get()), sender.get());
  const GstPtr<GstPad> out{gst_element_get_static_pad(sender.get(), "src")};
  const auto in = first_sink_pad(webrtc_.get());
  if (!in || gst_pad_link(out.get(), in.get()) != GST_PAD_LINK_OK) return false;
  const auto source = element_of(sender.get(), "source");
  const GstPtr<GstPad> source_pad{gst_element_get_static_pad(source.get(), "src")};
  gst_pad_add_probe(source_pad.get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_upstream,
                    home().copied(), Home::destroy);
  gst_pad_add_probe(
      out.get(),
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST),
      on_packet, home().copied(), Home::destroy);
  if (events_.rate_changed && video_.transport_cc_id != 0)
    send_control_ = SendControl::create(loop_, sender.get(), most_bitrate_,
                                        {.changed = events_.rate_changed,
                                         .frame_wanted = events_.frame_wanted,
                                         .key_wanted = events_.key_wanted,
                                         .silent = events_.silent});
  if (send_control_) send_control_->guard_retransmissions(webrtc_.get(), video_.payload);
  feed_ = send_control_ ? send_control_->feed() : std::make_shared<PeerFeed>(source);
  if (!gst_element_sync_state_with_parent(sender.get())) return false;
  // Nobody reads the bus, so nobody else answers the new elements' latency messages.
  return gst_bin_recalculate_latency(GST_BIN(pipeline_.get())) == TRUE;
}

void Peer::add_candidate(const std::string& candidate, unsigned line) {
  if (!ended_) candidates_.add(candidate, line);
}

void Peer::set_most_bitrate(int bitrate) {
  most_bitrate_ = bitrate;
  if (send_control_) send_control_->set_most(bitrate);
}

void Peer::measure() {
  if (!connected_ || ended_) return;
  const auto measured = promise([at = home()](const GstStructure* reply) {
    if (const auto trip = round_trip_in(reply))
      at.post([trip = *trip](Peer& peer) { peer.events_.round_trip(trip); });
  });
  g_signal_emit_by_name(webrtc_.get(), "get-stats", nullptr, measured.get());
}

void Peer::state_changed(GstWebRTCPeerConnectionState state) {
  if (state == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED && !connected_ && feed_) {
    connected_ = true;
    connect_deadline_.cancel();
    dtls_ = connected_dtls(webrtc_.get());
    for (const auto& dtls : dtls_)
      home().connect(dtls.get(), "notify::connection-state", G_CALLBACK(on_dtls_state));
    if (player_) expect_answers(webrtc_.get());
    events_.connected();
  } else if (state == GST_WEBRTC_PEER_CONNECTION_STATE_FAILED) {
    end("the connection to the viewer failed");
  } else if (state == GST_WEBRTC_PEER_CONNECTION_STATE_CLOSED) {
    viewer_closed();
  }
}

/// What is written to a viewer that has closed is an error of the pipeline's.
void Peer::broken(const std::string& error) {
  const bool is_over = std::any_of(dtls_.begin(), dtls_.end(),
                                   [](const auto& dtls) { return is_closed(dtls.get()); });
  is_over ? viewer_closed() : end(error);
}

void Peer::viewer_closed() {
  ended_ = true;
  events_.closed();
}

void Peer::end(const std::string& reason) {
  if (ended_) return;
  ended_ = true;
  connect_deadline_.cancel();
  events_.failed(reason);
}

void Peer::on_ice_candidate(GstElement*, guint line, gchar* candidate, gpointer home) {
  Home::of(home).post([line, text = std::string{candidate ? candidate : ""}](Peer& peer) {
    if (!peer.player_)
      peer.events_.candidate(text, line);
    else if (!text.empty())
      peer.own_candidates_.push_back(text);
  });
}

void Peer::on_gathering(GstElement* webrtc, GParamSpec*, gpointer home) {
  GstWebRTCICEGatheringState state{};
  g_object_get(webrtc, "ice-gathering-state", &state, nullptr);
  if (state != GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE) return;
  Home::of(home).post([](Peer& peer) { peer.tell_answer(); });
}

void Peer::on_dtls_state(GstElement* dtls, GParamSpec*, gpointer home) {
  if (is_closed(dtls)) Home::of(home).post([](Peer& peer) { peer.viewer_closed(); });
}

void Peer::on_state(GstElement* webrtc, GParamSpec*, gpointer home) {
  Home::of(home).post(
      [state = connection_state(webrtc)](Peer& peer) { peer.state_changed(state); });
}

GstPadProbeReturn Peer::on_upstream(GstPad*, GstPadProbeInfo* info, gpointer home) {
  if (!gst_video_event_is_force_key_unit(gst_pad_probe_info_get_event(info)))
    return GST_PAD_PROBE_OK;
  Home::of(home).post([](Peer& peer) { peer.events_.key_wanted(); });
  return GST_PAD_PROBE_DROP;
}

GstPadProbeReturn Peer::on_packet(GstPad*, GstPadProbeInfo*, gpointer home) {
  Home::of(home).post([](Peer& peer) { peer.events_.first_frame(); });
  return GST_PAD_PROBE_REMOVE;
}

}  // namespace aerie::stream
