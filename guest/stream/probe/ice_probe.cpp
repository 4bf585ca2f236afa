#include "guest/stream/probe/ice_probe.hpp"

#include <csignal>
#include <gst/sdp/sdp.h>
#include <iostream>
#include <iterator>

#include "guest/stream/gst_promise.hpp"
#include "guest/stream/ice.hpp"

namespace aerie::stream {
namespace {

constexpr std::chrono::milliseconds gather_within{4'000};
constexpr std::chrono::milliseconds stay_at_most{30'000};
constexpr std::size_t longest_offer = 60 * 1024;
constexpr std::size_t most_candidates = 24;  // an answer is to be one line of at most 8 KiB

GstPtr<GstWebRTCSessionDescription> offer_of(const std::string& sdp) {
  GstSDPMessage* message = nullptr;
  if (gst_sdp_message_new_from_text(sdp.c_str(), &message) != GST_SDP_OK) return {};
  return GstPtr<GstWebRTCSessionDescription>{
      gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_OFFER, message)};
}

Cause wrong_offer(std::string message) {
  return {CauseKind::link_violation,
          std::move(message),
          "Send what RTCPeerConnection.createOffer makes for one data channel.",
          {}};
}

/// One medium, and that of data channels: nothing else is to be received here.
bool is_of_data_alone(const GstWebRTCSessionDescription* offer) {
  if (gst_sdp_message_medias_len(offer->sdp) != 1) return false;
  const auto* medium = gst_sdp_message_get_media(offer->sdp, 0);
  return std::string_view{gst_sdp_media_get_media(medium)} == "application";
}

}  // namespace

Result<ProbeRequest> parse_probe_request(const Json& json) {
  const auto text = [&](const char* name) -> std::string {
    const auto found = json.is_object() ? json.find(name) : json.end();
    return found != json.end() && found->is_string() ? found->get<std::string>() : "";
  };
  ProbeRequest request;
  request.offer = text("offer");
  request.public_address = text("publicAddress");
  if (request.offer.empty() || request.offer.size() > longest_offer)
    return tl::unexpected(wrong_offer("The offer is missing or too long."));
  const auto transport = text("transport");
  if (transport != "udp" && transport != "tcp")
    return tl::unexpected(wrong_offer("The transport is neither udp nor tcp."));
  if (transport == "tcp") request.transport = Transport::tcp;
  auto servers = parse_ice_servers(json.value("iceServers", Json::array()));
  if (!servers) return tl::unexpected(wrong_offer(servers.error()));
  request.ice_servers = *std::move(servers);
  return request;
}

/// The way back from GStreamer's threads, as that of `Peer`.
struct IceProbe::Home {
  EventLoop* loop;
  std::weak_ptr<IceProbe> probe;

  template <class Function>
  void post(Function function) const {
    loop->post([weak = probe, function = std::move(function)] {
      if (const auto self = weak.lock()) function(*self);
    });
  }
  static void destroy_closure(gpointer data, GClosure*) { delete static_cast<Home*>(data); }
  static const Home& of(gpointer data) { return *static_cast<const Home*>(data); }
};

Result<std::shared_ptr<IceProbe>> IceProbe::start(EventLoop& loop, const ProbeRequest& request,
                                                  Events events) {
  if (auto cause = missing_element({})) return tl::unexpected(*std::move(cause));
  const MediaClock clock;
  auto pipeline = Pipeline::parse("webrtcbin name=webrtc bundle-policy=max-bundle", clock);
  if (!pipeline) return tl::unexpected(pipeline.error());
  std::shared_ptr<IceProbe> probe{
      new IceProbe(loop, std::move(*pipeline), request, std::move(events))};
  if (auto cause = probe->begin()) return tl::unexpected(*std::move(cause));
  return probe;
}

IceProbe::IceProbe(EventLoop& loop, Pipeline pipeline, ProbeRequest request, Events events)
    : loop_(loop),
      request_(std::move(request)),
      events_(std::move(events)),
      pipeline_(std::move(pipeline)),
      webrtc_(pipeline_.element("webrtc")) {}

IceProbe::~IceProbe() {
  pipeline_.stop();
}

std::optional<Cause> IceProbe::begin() {
  const auto offer = offer_of(with_candidates_over(request_.transport, request_.offer));
  if (!offer || !is_of_data_alone(offer.get()))
    return wrong_offer("The offer is not one of data channels alone.");
  const auto connect = [&](const char* signal, GCallback callback) {
    g_signal_connect_data(webrtc_.get(), signal, callback, new Home{&loop_, weak_from_this()},
                          Home::destroy_closure, GConnectFlags{});
  };
  connect("on-ice-candidate", G_CALLBACK(on_candidate));
  connect("notify::ice-gathering-state", G_CALLBACK(on_gathering));
  connect("notify::connection-state", G_CALLBACK(on_state));
  set_up_ice(webrtc_.get(), request_.ice_servers, request_.transport == Transport::tcp);
  if (!pipeline_.play())
    return Cause{CauseKind::plugin_missing,
                 "webrtcbin does not play.",
                 "Install the GStreamer packages that the doctor names.",
                 {}};
  const auto taken = promise([at = Home{&loop_, weak_from_this()}](const GstStructure* reply) {
    at.post([error = error_of(reply)](IceProbe& probe) {
      error.empty() ? probe.answer()
                    : probe.fail(wrong_offer("The offer was not taken: " + error + "."));
    });
  });
  g_signal_emit_by_name(webrtc_.get(), "set-remote-description", offer.get(), taken.get());
  return std::nullopt;
}

void IceProbe::answer() {
  const auto made = promise([at = Home{&loop_, weak_from_this()}](const GstStructure* reply) {
    auto shared =
        std::make_shared<GstPtr<GstWebRTCSessionDescription>>(description_in(reply, "answer"));
    at.post([shared, error = error_of(reply)](IceProbe& probe) {
      if (*shared)
        probe.answer_made(std::move(*shared));
      else
        probe.fail(wrong_offer("No answer could be made: " + error + "."));
    });
  });
  g_signal_emit_by_name(webrtc_.get(), "create-answer", nullptr, made.get());
}

void IceProbe::answer_made(GstPtr<GstWebRTCSessionDescription> answer) {
  const GstPtr<gchar> text{gst_sdp_message_as_text(answer.get()->sdp)};
  description_ = text.get();
  gather_deadline_ = loop_.after(gather_within, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->gathered();
  });
  const auto set = promise([at = Home{&loop_, weak_from_this()}](const GstStructure* reply) {
    at.post([error = error_of(reply)](IceProbe& probe) {
      if (!error.empty()) probe.fail(wrong_offer("The answer was not taken: " + error + "."));
    });
  });
  g_signal_emit_by_name(webrtc_.get(), "set-local-description", answer.get(), set.get());
}

void IceProbe::gathered() {
  if (is_answered_ || description_.empty()) return;
  is_answered_ = true;
  gather_deadline_.cancel();
  events_.answer(with_candidates(description_, candidates_));
}

void IceProbe::state_changed(GstWebRTCPeerConnectionState state) {
  if (state == GST_WEBRTC_PEER_CONNECTION_STATE_CLOSED) events_.closed();
}

void IceProbe::fail(Cause cause) {
  if (std::exchange(is_answered_, true)) return;
  events_.failed(cause);
}

void IceProbe::on_candidate(GstElement*, guint, gchar* candidate, gpointer home) {
  Home::of(home).post([text = std::string{candidate ? candidate : ""}](IceProbe& probe) {
    if (!is_over(probe.request_.transport, text) || probe.candidates_.size() >= most_candidates)
      return;
    probe.candidates_.push_back(text);
    if (probe.request_.public_address.empty()) return;
    if (const auto outside = at_address(text, probe.request_.public_address); !outside.empty())
      probe.candidates_.push_back(outside);
  });
}

void IceProbe::on_gathering(GstElement* webrtc, GParamSpec*, gpointer home) {
  GstWebRTCICEGatheringState state{};
  g_object_get(webrtc, "ice-gathering-state", &state, nullptr);
  if (state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE)
    Home::of(home).post([](IceProbe& probe) { probe.gathered(); });
}

void IceProbe::on_state(GstElement* webrtc, GParamSpec*, gpointer home) {
  GstWebRTCPeerConnectionState state{};
  g_object_get(webrtc, "connection-state", &state, nullptr);
  Home::of(home).post([state](IceProbe& probe) { probe.state_changed(state); });
}

// -- the program ----------------------------------------------------------------------------------

int run_network_test() {
  const std::string text{std::istreambuf_iterator<char>{std::cin}, {}};
  const auto say = [](const Json& json) {
    std::cout << json.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
  };
  const auto request = parse_probe_request(Json::parse(text, nullptr, false));
  if (!request) return say({{"failure", request.error()}}), 1;
  gst_init(nullptr, nullptr);
  EventLoop loop;
  int status = 0;
  const auto fail = [&](const Cause& cause) {
    say({{"failure", cause}});
    status = 1;
    loop.stop();
  };
  const auto end = loop.after(stay_at_most, [&] { loop.stop(); });
  const auto terminate = loop.on_signal(SIGTERM, [&] { loop.stop(); });
  const auto probe = IceProbe::start(loop, *request,
                                     {.answer =
                                          [&](const std::string& sdp) {
                                            say({{"answer", sdp}});
                                          },
                                      .failed = fail,
                                      .closed = [&] { loop.stop(); }});
  if (!probe) return say({{"failure", probe.error()}}), 1;
  loop.run();
  return status;
}

}  // namespace aerie::stream
