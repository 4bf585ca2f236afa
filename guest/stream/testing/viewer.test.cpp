#include "guest/stream/testing/viewer.hpp"

#include <algorithm>
#include <gst/app/gstappsink.h>
#include <gst/video/video.h>

#include "guest/stream/files/file_messages.hpp"
#include "guest/stream/playout_delay_extension.hpp"

namespace aerie::stream::testing {
namespace {

const std::string transport_cc = std::string{"4 "} + transport_cc_uri;

using Done = std::function<void(const GstStructure*)>;

GstPtr<GstPromise> promise(Done done) {
  const auto change = [](GstPromise* self, gpointer data) {
    (*static_cast<Done*>(data))(gst_promise_wait(self) == GST_PROMISE_RESULT_REPLIED
                                    ? gst_promise_get_reply(self)
                                    : nullptr);
  };
  return GstPtr<GstPromise>{gst_promise_new_with_change_func(
      change, new Done(std::move(done)), [](gpointer data) { delete static_cast<Done*>(data); })};
}

const char* decoder(Codec codec) {
  if (codec == Codec::vp9)
    return "rtpvp9depay ! vp9dec ! videoconvert ! video/x-raw,format=RGB"
           " ! appsink name=sink sync=false emit-signals=true max-buffers=4 drop=true";
  return codec == Codec::h264
             ? "rtph264depay ! h264parse ! openh264dec ! videoconvert ! video/x-raw,format=RGB"
               " ! appsink name=sink sync=false emit-signals=true max-buffers=4 drop=true"
             : "rtpvp8depay ! vp8dec ! videoconvert ! video/x-raw,format=RGB"
               " ! appsink name=sink sync=false emit-signals=true max-buffers=4 drop=true";
}

}  // namespace

void Viewer::Home::post(std::function<void(Viewer&)> job) const {
  loop->post([weak = viewer, job = std::move(job)] {
    if (const auto self = weak.lock()) job(*self);
  });
}

std::shared_ptr<Viewer> Viewer::create(EventLoop& loop, Epoch epoch, Codec codec, Say say) {
  std::shared_ptr<Viewer> viewer{new Viewer(loop, epoch, codec, std::move(say))};
  viewer->start();
  return viewer;
}

Viewer::Viewer(EventLoop& loop, Epoch epoch, Codec codec, Say say)
    : loop_(loop),
      epoch_(epoch),
      codec_(codec),
      say_(std::move(say)),
      pipeline_(std::move(
          *Pipeline::parse("webrtcbin name=webrtc bundle-policy=max-bundle latency=0", clock_))),
      webrtc_(pipeline_.element("webrtc")) {}

Viewer::~Viewer() {
  pipeline_.stop();
}

void Viewer::start() {
  GstPtr<GstObject> agent;
  g_object_get(webrtc_.get(), "ice-agent", agent.out(), nullptr);
  gboolean added = FALSE;
  g_object_set(agent.get(), "ice-tcp", FALSE, nullptr);
  g_signal_emit_by_name(agent.get(), "add-local-ip-address", "127.0.0.1", &added);
  connect(webrtc_.get(), "pad-added", G_CALLBACK(on_pad));
  connect(webrtc_.get(), "on-ice-candidate", G_CALLBACK(on_candidate));
  connect(webrtc_.get(), "on-data-channel", G_CALLBACK(on_channel));
  (void)pipeline_.play();
}

void Viewer::connect(gpointer object, const char* signal, GCallback callback) {
  g_signal_connect_data(
      object, signal, callback, home(),
      [](gpointer data, GClosure*) { delete static_cast<Home*>(data); }, GConnectFlags{});
}

void Viewer::mind_losses() {
  constexpr guint patience_ms = 500;
  g_object_set(webrtc_.get(), "latency", patience_ms, nullptr);
  connect(webrtc_.get(), "on-new-transceiver", G_CALLBACK(on_transceiver));
  // By its transceivers webrtcbin lets only packets be asked for whose source the offer names.
  g_object_set(element_of(webrtc_.get(), "rtpbin").get(), "do-retransmission", TRUE, nullptr);
}

/// Takes retransmissions into the answer.
void Viewer::on_transceiver(GstElement*, GstObject* transceiver, gpointer) {
  g_object_set(transceiver, "do-nack", TRUE, nullptr);
}

unsigned Viewer::retransmitted() const {
  unsigned all = 0;
  auto* receivers =
      gst_bin_iterate_all_by_element_factory_name(GST_BIN(webrtc_.get()), "rtprtxreceive");
  const auto count = [](const GValue* receiver, gpointer sum) {
    guint packets = 0;
    g_object_get(g_value_get_object(receiver), "num-rtx-assoc-packets", &packets, nullptr);
    *static_cast<unsigned*>(sum) += packets;
  };
  (void)gst_iterator_foreach(receivers, count, &all);
  gst_iterator_free(receivers);
  return all;
}

void Viewer::take_offer(const std::string& sdp) {
  GstSDPMessage* message = nullptr;
  gst_sdp_message_new_from_text(sdp.c_str(), &message);
  // Choose the codec by hiding the other one from webrtcbin.
  auto* media = const_cast<GstSDPMedia*>(gst_sdp_message_get_media(message, 0));
  const std::set<std::string> wanted{codec_ == Codec::h264  ? "96"
                                     : codec_ == Codec::vp8 ? "98"
                                                            : "100"};
  const std::set<std::string> all{"96", "98", "100"};
  for (guint i = 0; i < gst_sdp_media_formats_len(media);)
    if (const std::string format = gst_sdp_media_get_format(media, i);
        all.contains(format) && !wanted.contains(format))
      gst_sdp_media_remove_format(media, i);
    else
      ++i;
  const GstPtr<GstWebRTCSessionDescription> offer{
      gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_OFFER, message)};
  const auto set = promise([at = Home{&loop_, weak_from_this()}](const GstStructure*) {
    at.post([](Viewer& viewer) { viewer.answer_offer(); });
  });
  g_signal_emit_by_name(webrtc_.get(), "set-remote-description", offer.get(), set.get());
}

void Viewer::answer_offer() {
  const auto made = promise([at = Home{&loop_, weak_from_this()}](const GstStructure* reply) {
    GstWebRTCSessionDescription* made_answer = nullptr;
    if (reply)
      gst_structure_get(reply, "answer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &made_answer,
                        nullptr);
    at.post([made_answer](Viewer& viewer) { viewer.answer_made(made_answer); });
  });
  g_signal_emit_by_name(webrtc_.get(), "create-answer", nullptr, made.get());
}

void Viewer::answer_made(GstWebRTCSessionDescription* description) {
  const GstPtr<GstWebRTCSessionDescription> owner{description};
  // webrtcbin leaves header extensions out of an answer; browsers take transport-wide feedback.
  auto* media = const_cast<GstSDPMedia*>(gst_sdp_message_get_media(description->sdp, 0));
  gst_sdp_media_add_attribute(media, "extmap", transport_cc.c_str());
  const GstPtr<gchar> text{gst_sdp_message_as_text(description->sdp)};
  answer = text.get();
  g_signal_emit_by_name(webrtc_.get(), "set-local-description", description, nullptr);
  say_({{"type", "answer"}, {"epoch", epoch_}, {"sdp", answer}});
}

void Viewer::offer() {
  const std::string rtp = "application/x-rtp,clock-rate=(int)";
  const auto h264 = rtp +
                    "90000,media=video,encoding-name=H264,payload=102,packetization-mode=(string)1,"
                    "profile-level-id=(string)42e01f,rtcp-fb-nack-pli=true";
  const auto vp8 = rtp + "90000,media=video,encoding-name=VP8,payload=97,rtcp-fb-nack-pli=true";
  for (const auto& caps_text : {rtp + "48000,media=audio,encoding-name=OPUS,payload=111",
                                codec_ == Codec::h264 ? h264 : vp8}) {
    const GstPtr<GstCaps> caps{gst_caps_from_string(caps_text.c_str())};
    GstPtr<GstObject> transceiver;
    g_signal_emit_by_name(webrtc_.get(), "add-transceiver",
                          GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY, caps.get(),
                          transceiver.out());
  }
  const auto made = promise([at = Home{&loop_, weak_from_this()}](const GstStructure* reply) {
    GstWebRTCSessionDescription* made_offer = nullptr;
    if (reply)
      gst_structure_get(reply, "offer", GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &made_offer, nullptr);
    at.post([made_offer](Viewer& viewer) { viewer.offer_made(made_offer); });
  });
  g_signal_emit_by_name(webrtc_.get(), "create-offer", nullptr, made.get());
}

void Viewer::offer_made(GstWebRTCSessionDescription* description) {
  const GstPtr<GstWebRTCSessionDescription> owner{description};
  const GstPtr<gchar> text{gst_sdp_message_as_text(description->sdp)};
  g_signal_emit_by_name(webrtc_.get(), "set-local-description", description, nullptr);
  say_({{"type", "add"}, {"epoch", epoch_}, {"media", "main"}, {"sdp", text.get()}});
}

void Viewer::take_answer(const std::string& sdp) {
  answer = sdp;
  GstSDPMessage* message = nullptr;
  gst_sdp_message_new_from_text(sdp.c_str(), &message);
  const GstPtr<GstWebRTCSessionDescription> description{
      gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_ANSWER, message)};
  g_signal_emit_by_name(webrtc_.get(), "set-remote-description", description.get(), nullptr);
}

bool Viewer::has_heard(const Json& message) const {
  return std::find(heard.begin(), heard.end(), message) != heard.end();
}

bool Viewer::was_refused(const std::string& reason) const {
  for (const auto& message : heard)
    if (message["type"] == "refused" && message["reason"] == reason) return true;
  return false;
}

void Viewer::take_candidate(const std::string& candidate, unsigned line) {
  g_signal_emit_by_name(webrtc_.get(), "add-ice-candidate", line, candidate.c_str());
}

void Viewer::on_candidate(GstElement*, guint line, gchar* candidate, gpointer home) {
  Home::of(home).post([line, text = std::string{candidate}](Viewer& viewer) {
    viewer.say_({{"type", "candidate"},
                 {"epoch", viewer.epoch_},
                 {"candidate", text},
                 {"sdpMLineIndex", line},
                 {"sdpMid", "video0"}});
  });
}

void Viewer::on_pad(GstElement*, GstPad* pad, gpointer home) {
  const auto viewer = Home::of(home).viewer.lock();
  if (!viewer || GST_PAD_DIRECTION(pad) != GST_PAD_SRC) return;
  auto* bin = gst_parse_bin_from_description(decoder(viewer->codec_), TRUE, nullptr);
  const auto sink = element_of(bin, "sink");
  viewer->connect(sink.get(), "new-sample", G_CALLBACK(on_sample));
  gst_bin_add(GST_BIN(viewer->pipeline_.get()), bin);
  const GstPtr<GstPad> in{gst_element_get_static_pad(bin, "sink")};
  gst_pad_link(pad, in.get());
  gst_element_sync_state_with_parent(bin);
}

GstFlowReturn Viewer::on_sample(GstElement* sink, gpointer home) {
  const GstPtr<GstSample> sample{gst_app_sink_pull_sample(GST_APP_SINK(sink))};
  if (!sample) return GST_FLOW_OK;
  GstVideoInfo info;
  gst_video_info_from_caps(&info, gst_sample_get_caps(sample.get()));
  GstMapInfo map;
  auto* buffer = gst_sample_get_buffer(sample.get());
  gst_buffer_map(buffer, &map, GST_MAP_READ);
  const auto colour_at = [&](int x, int y) {
    const auto* pixel = map.data + y * info.stride[0] + x * 3;
    return static_cast<std::uint32_t>(pixel[0] << 16 | pixel[1] << 8 | pixel[2]);
  };
  const auto rgb = colour_at(info.width / 2, info.height / 2);
  const auto mark = colour_at(info.width / 2, 10);
  gst_buffer_unmap(buffer, &map);
  Home::of(home).post([rgb, mark, width = info.width, height = info.height](Viewer& viewer) {
    ++viewer.frames;
    viewer.middle = rgb;
    viewer.mark = mark;
    viewer.width = width;
    viewer.height = height;
  });
  return GST_FLOW_OK;
}

void Viewer::on_channel(GstElement*, GstWebRTCDataChannel* channel, gpointer home) {
  const auto& at = Home::of(home);
  if (const auto viewer = at.viewer.lock()) {
    viewer->connect(channel, "on-message-string", G_CALLBACK(on_text));
    viewer->connect(channel, "on-message-data", G_CALLBACK(on_bytes));
  }
  at.post([kept = GstPtr<GstWebRTCDataChannel>::borrow(channel)](Viewer& viewer) {
    const GstPtr<gchar> label{[&] {
      gchar* text = nullptr;
      g_object_get(kept.get(), "label", &text, nullptr);
      return text;
    }()};
    viewer.open_.insert(label.get());
    viewer.channels_.push_back(kept);
  });
}

void Viewer::on_text(GstWebRTCDataChannel*, gchar* text, gpointer home) {
  Home::of(home).post([message = std::string{text}](Viewer& viewer) {
    viewer.heard.push_back(Json::parse(message));
  });
}

void Viewer::on_bytes(GstWebRTCDataChannel*, GBytes* bytes, gpointer home) {
  gsize size = 0;
  const auto* data = static_cast<const char*>(g_bytes_get_data(bytes, &size));
  Home::of(home).post([message = std::string{data, size}](Viewer& viewer) {
    viewer.bytes += parse_chunk(message)->piece;
  });
}

GstWebRTCDataChannel* Viewer::channel(const std::string& label) const {
  for (const auto& open : channels_) {
    GstPtr<gchar> name;
    g_object_get(open.get(), "label", name.out(), nullptr);
    if (label == name.get()) return open.get();
  }
  return nullptr;
}

void Viewer::send(const std::string& label, const std::string& text) {
  if (auto* open = channel(label)) gst_webrtc_data_channel_send_string(open, text.c_str());
}

void Viewer::send_bytes(const std::string& message) {
  auto* open = channel("files");
  if (!open) return;
  GBytes* copy = g_bytes_new(message.data(), message.size());
  gst_webrtc_data_channel_send_data(open, copy);
  g_bytes_unref(copy);
}

}  // namespace aerie::stream::testing
