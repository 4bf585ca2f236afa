#include "benchmarks/stream_receivers/receiver.hpp"

#include <cstdio>
#include <cstdlib>

#include "guest/stream/gst_promise.hpp"
#include "guest/stream/ice.hpp"
#include "guest/stream/playout_delay_extension.hpp"

namespace aerie::bench {

using namespace aerie::stream;

namespace {

const std::string transport_cc = std::string{"4 "} + transport_cc_uri;  // as it is offered

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::abort();
}

/// The payload types of the offer's codecs (guest/stream/peer_media.cpp).
const char* payload_of(Codec codec) {
  switch (codec) {
    case Codec::h264:
      return "96";
    case Codec::vp8:
      return "98";
    case Codec::vp9:
      return "100";
  }
  return "";
}

/// What puts pictures together, and asks for a key frame where one is not whole.
const char* collector_of(Codec codec) {
  switch (codec) {
    case Codec::h264:
      return "rtph264depay request-keyframe=true wait-for-keyframe=true "
             "! video/x-h264,alignment=au,stream-format=byte-stream "
             "! fakesink name=sink sync=false async=false";
    case Codec::vp8:
      return "rtpvp8depay request-keyframe=true wait-for-keyframe=true "
             "! fakesink name=sink sync=false async=false";
    case Codec::vp9:
      return "rtpvp9depay request-keyframe=true wait-for-keyframe=true "
             "! fakesink name=sink sync=false async=false";
  }
  return "";
}

/// Hides the other codecs of an offer from webrtcbin, which would take the first.
void keep_only(GstSDPMessage& offer, Codec codec) {
  auto* media = const_cast<GstSDPMedia*>(gst_sdp_message_get_media(&offer, 0));
  for (const auto other : {Codec::h264, Codec::vp8, Codec::vp9})
    for (guint i = 0; other != codec && i < gst_sdp_media_formats_len(media); ++i)
      if (std::string_view{gst_sdp_media_get_format(media, i)} == payload_of(other))
        gst_sdp_media_remove_format(media, i);
}

}  // namespace

std::shared_ptr<Receiver> Receiver::create(EventLoop& loop, Epoch epoch, Codec codec, Say say) {
  const MediaClock clock;
  // The jitter buffer's time is what a lost packet has to come again.
  auto pipeline =
      Pipeline::parse("webrtcbin name=webrtc bundle-policy=max-bundle latency=200", clock);
  if (!pipeline) give_up(pipeline.error().message);
  std::shared_ptr<Receiver> receiver{
      new Receiver(loop, epoch, codec, std::move(say), std::move(*pipeline))};
  receiver->start();
  return receiver;
}

Receiver::Receiver(EventLoop& loop, Epoch epoch, Codec codec, Say say, Pipeline pipeline)
    : loop_(loop),
      epoch_(epoch),
      codec_(codec),
      say_(std::move(say)),
      pipeline_(std::move(pipeline)),
      webrtc_(pipeline_.element("webrtc")),
      candidates_(webrtc_) {}

Receiver::~Receiver() {
  pipeline_.stop();
}

void Receiver::start() {
  set_up_ice(webrtc_.get(), {});
  home().connect(webrtc_.get(), "on-ice-candidate", G_CALLBACK(on_candidate));
  home().connect(webrtc_.get(), "on-new-transceiver", G_CALLBACK(on_transceiver));
  g_signal_connect(webrtc_.get(), "pad-added", G_CALLBACK(on_pad), this);
  if (!pipeline_.play()) give_up("a receiver does not play");
}

void Receiver::take_offer(const std::string& sdp) {
  const auto offer = parsed_description(GST_WEBRTC_SDP_TYPE_OFFER, sdp);
  if (!offer) give_up("the offer is no session description");
  keep_only(*offer.get()->sdp, codec_);
  const auto set = promise([at = home()](const GstStructure*) {
    at.post([](Receiver& receiver) { receiver.make_answer(); });
  });
  g_signal_emit_by_name(webrtc_.get(), "set-remote-description", offer.get(), set.get());
}

void Receiver::make_answer() {
  candidates_.release();
  const auto made = promise([at = home()](const GstStructure* reply) {
    auto shared =
        std::make_shared<GstPtr<GstWebRTCSessionDescription>>(description_in(reply, "answer"));
    at.post([shared](Receiver& receiver) { receiver.answer_made(*shared); });
  });
  g_signal_emit_by_name(webrtc_.get(), "create-answer", nullptr, made.get());
}

void Receiver::answer_made(const GstPtr<GstWebRTCSessionDescription>& answer) {
  if (!answer) give_up("no answer could be made");
  // webrtcbin leaves header extensions out of an answer; browsers take transport-wide feedback.
  auto* media = const_cast<GstSDPMedia*>(gst_sdp_message_get_media(answer.get()->sdp, 0));
  gst_sdp_media_add_attribute(media, "extmap", transport_cc.c_str());
  const GstPtr<gchar> text{gst_sdp_message_as_text(answer.get()->sdp)};
  g_signal_emit_by_name(webrtc_.get(), "set-local-description", answer.get(), nullptr);
  say_({{"type", "answer"}, {"epoch", epoch_}, {"sdp", text.get()}});
}

void Receiver::add_candidate(const std::string& candidate, unsigned line) {
  candidates_.add(candidate, line);
}

void Receiver::on_candidate(GstElement*, guint line, gchar* candidate, gpointer home) {
  Home::of(home).post([line, text = std::string{candidate}](Receiver& receiver) {
    receiver.say_({{"type", "candidate"},
                   {"epoch", receiver.epoch_},
                   {"candidate", text},
                   {"sdpMLineIndex", line}});
  });
}

void Receiver::on_transceiver(GstElement*, GObject* transceiver, gpointer) {
  g_object_set(transceiver, "do-nack", TRUE, nullptr);
}

/// On a thread of the pipeline, which ends before the receiver does.
void Receiver::on_pad(GstElement*, GstPad* pad, gpointer receiver) {
  if (GST_PAD_DIRECTION(pad) == GST_PAD_SRC) static_cast<Receiver*>(receiver)->attach(pad);
}

void Receiver::attach(GstPad* pad) {
  auto* bin = gst_parse_bin_from_description(collector_of(codec_), TRUE, nullptr);
  const auto sink = element_of(bin, "sink");
  const GstPtr<GstPad> end{gst_element_get_static_pad(sink.get(), "sink")};
  gst_pad_add_probe(end.get(), GST_PAD_PROBE_TYPE_BUFFER, on_picture, this, nullptr);
  gst_bin_add(GST_BIN(pipeline_.get()), bin);
  const GstPtr<GstPad> in{gst_element_get_static_pad(bin, "sink")};
  gst_pad_link(pad, in.get());
  gst_element_sync_state_with_parent(bin);
}

GstPadProbeReturn Receiver::on_picture(GstPad*, GstPadProbeInfo*, gpointer receiver) {
  ++static_cast<Receiver*>(receiver)->pictures_;
  return GST_PAD_PROBE_OK;
}

}  // namespace aerie::bench
