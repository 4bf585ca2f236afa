#include "guest/stream/testing/listener.hpp"

#include <algorithm>
#include <cstdlib>
#include <gst/app/gstappsink.h>
#include <gst/rtp/gstrtpbuffer.h>
#include <span>

#include "guest/stream/gst_promise.hpp"

namespace aerie::stream::testing {
namespace {

constexpr auto decoder =
    "rtpopusdepay ! opusdec ! audio/x-raw,format=S16LE"
    " ! appsink name=sink sync=false emit-signals=true max-buffers=50 drop=true";

GstPtr<GstWebRTCSessionDescription> parsed(const std::string& sdp) {
  GstSDPMessage* message = nullptr;
  gst_sdp_message_new_from_text(sdp.c_str(), &message);
  return GstPtr<GstWebRTCSessionDescription>{
      gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_OFFER, message)};
}

int loudest_in(GstBuffer* buffer) {
  GstMapInfo map;
  gst_buffer_map(buffer, &map, GST_MAP_READ);
  const std::span samples{reinterpret_cast<const std::int16_t*>(map.data),
                          map.size / sizeof(std::int16_t)};
  int loudest = 0;
  for (const auto sample : samples)
    loudest = std::max(loudest, std::abs(static_cast<int>(sample)));
  gst_buffer_unmap(buffer, &map);
  return loudest;
}

}  // namespace

void Listener::Home::post(std::function<void(Listener&)> job) const {
  loop->post([weak = listener, job = std::move(job)] {
    if (const auto self = weak.lock()) job(*self);
  });
}

std::shared_ptr<Listener> Listener::create(EventLoop& loop, Epoch epoch, Say say) {
  std::shared_ptr<Listener> listener{new Listener(loop, epoch, std::move(say))};
  listener->start();
  return listener;
}

Listener::Listener(EventLoop& loop, Epoch epoch, Say say)
    : loop_(loop),
      epoch_(epoch),
      say_(std::move(say)),
      pipeline_(std::move(
          *Pipeline::parse("webrtcbin name=webrtc bundle-policy=max-bundle latency=0", clock_))),
      webrtc_(pipeline_.element("webrtc")) {}

Listener::~Listener() {
  pipeline_.stop();
}

void Listener::start() {
  GstPtr<GstObject> agent;
  g_object_get(webrtc_.get(), "ice-agent", agent.out(), nullptr);
  gboolean added = FALSE;
  g_object_set(agent.get(), "ice-tcp", FALSE, nullptr);
  g_signal_emit_by_name(agent.get(), "add-local-ip-address", "127.0.0.1", &added);
  connect(webrtc_.get(), "pad-added", G_CALLBACK(on_pad));
  connect(webrtc_.get(), "on-ice-candidate", G_CALLBACK(on_candidate));
  (void)pipeline_.play();
}

void Listener::connect(gpointer object, const char* signal, GCallback callback) {
  g_signal_connect_data(
      object, signal, callback, new Home(home()),
      [](gpointer data, GClosure*) { delete static_cast<Home*>(data); }, GConnectFlags{});
}

void Listener::take_offer(const std::string& sdp) {
  offer = sdp;
  const auto description = parsed(sdp);
  const auto set = promise([at = home()](const GstStructure*) {
    at.post([](Listener& listener) { listener.make_answer(); });
  });
  g_signal_emit_by_name(webrtc_.get(), "set-remote-description", description.get(), set.get());
}

void Listener::make_answer() {
  const auto made = promise([at = home()](const GstStructure* reply) {
    auto shared =
        std::make_shared<GstPtr<GstWebRTCSessionDescription>>(description_in(reply, "answer"));
    at.post([shared](Listener& listener) { listener.answer_made(*shared); });
  });
  g_signal_emit_by_name(webrtc_.get(), "create-answer", nullptr, made.get());
}

void Listener::answer_made(const GstPtr<GstWebRTCSessionDescription>& answer) {
  const GstPtr<gchar> text{gst_sdp_message_as_text(answer.get()->sdp)};
  g_signal_emit_by_name(webrtc_.get(), "set-local-description", answer.get(), nullptr);
  say_({{"type", "answer"}, {"epoch", epoch_}, {"sdp", text.get()}});
}

void Listener::take_candidate(const std::string& candidate, unsigned line) {
  g_signal_emit_by_name(webrtc_.get(), "add-ice-candidate", line, candidate.c_str());
}

void Listener::on_candidate(GstElement*, guint line, gchar* candidate, gpointer home) {
  Home::of(home).post([line, text = std::string{candidate}](Listener& listener) {
    listener.say_({{"type", "candidate"},
                   {"epoch", listener.epoch_},
                   {"candidate", text},
                   {"sdpMLineIndex", line},
                   {"sdpMid", "audio0"}});
  });
}

void Listener::on_pad(GstElement*, GstPad* pad, gpointer home) {
  const auto listener = Home::of(home).listener.lock();
  if (!listener || GST_PAD_DIRECTION(pad) != GST_PAD_SRC) return;
  auto* bin = gst_parse_bin_from_description(decoder, TRUE, nullptr);
  const auto sink = element_of(bin, "sink");
  listener->connect(sink.get(), "new-sample", G_CALLBACK(on_sample));
  gst_bin_add(GST_BIN(listener->pipeline_.get()), bin);
  const GstPtr<GstPad> in{gst_element_get_static_pad(bin, "sink")};
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_packet, new Home(Home::of(home)),
                    [](gpointer data) { delete static_cast<Home*>(data); });
  gst_pad_link(pad, in.get());
  gst_element_sync_state_with_parent(bin);
}

GstPadProbeReturn Listener::on_packet(GstPad*, GstPadProbeInfo* info, gpointer home) {
  GstRTPBuffer packet = GST_RTP_BUFFER_INIT;
  if (!gst_rtp_buffer_map(gst_pad_probe_info_get_buffer(info), GST_MAP_READ, &packet))
    return GST_PAD_PROBE_OK;
  const auto time = gst_rtp_buffer_get_timestamp(&packet);
  gst_rtp_buffer_unmap(&packet);
  Home::of(home).post([time](Listener& listener) { listener.rtp_time = time; });
  return GST_PAD_PROBE_OK;
}

GstFlowReturn Listener::on_sample(GstElement* sink, gpointer home) {
  const GstPtr<GstSample> sample{gst_app_sink_pull_sample(GST_APP_SINK(sink))};
  if (!sample) return GST_FLOW_OK;
  const int loudest = loudest_in(gst_sample_get_buffer(sample.get()));
  Home::of(home).post([loudest](Listener& listener) {
    ++listener.packets;
    listener.loudest = loudest;
    if (loudest > 3'276) ++listener.loud_packets;
  });
  return GST_FLOW_OK;
}

}  // namespace aerie::stream::testing
