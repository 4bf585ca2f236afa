#include "guest/stream/encoder.hpp"

#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <utility>

namespace aerie::stream {
namespace {

/// One picture at most waits, the newest; older ones are dropped, they are not encoded yet.
constexpr auto source_description =
    "appsrc name=source is-live=true format=time max-buffers=1 max-bytes=0 leaky-type=downstream "
    "! ";
constexpr auto sink_description =
    " ! appsink name=sink sync=false async=false max-buffers=8 drop=false qos=false";

}  // namespace

GstPtr<GstSample> in_running_time(GstSample* unit) {
  const auto* segment = gst_sample_get_segment(unit);
  const GstPtr<GstBuffer> buffer{gst_buffer_copy(gst_sample_get_buffer(unit))};
  const auto running =
      gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer.get()));
  GST_BUFFER_PTS(buffer.get()) = running;
  GST_BUFFER_DTS(buffer.get()) = GST_CLOCK_TIME_NONE;  // no B-frames: the same order
  const GstPtr<GstCaps> caps{gst_caps_copy(gst_sample_get_caps(unit))};
  if (gst_structure_has_field(gst_caps_get_structure(caps.get(), 0), "level"))
    gst_caps_set_simple(caps.get(), "level", G_TYPE_STRING, "3.1", nullptr);
  return GstPtr<GstSample>{gst_sample_new(buffer.get(), caps.get(), nullptr, nullptr)};
}

Result<std::unique_ptr<Encoder>> Encoder::create(const EncoderKind& kind, const VideoFormat& format,
                                                 const MediaClock& clock, Events events) {
  auto pipeline =
      Pipeline::parse(source_description + kind.description(format) + sink_description, clock);
  if (!pipeline) return tl::unexpected(pipeline.error());
  std::unique_ptr<Encoder> result{
      new Encoder(kind, full_rate(bitrate_of(format)), std::move(*pipeline), std::move(events))};
  if (result->pipeline_.play()) return result;
  return tl::unexpected(
      Cause{CauseKind::plugin_missing,
            std::string{"The encoder "}.append(kind.element).append(" does not start."),
            "Install the GStreamer packages that the doctor names.",
            {}});
}

Encoder::Encoder(const EncoderKind& kind, const EncoderRate& rate, Pipeline pipeline, Events events)
    : kind_(kind),
      events_(std::move(events)),
      pipeline_(std::move(pipeline)),
      source_(pipeline_.element("source")),
      encoder_(pipeline_.element("encoder")),
      rate_(rate) {
  pipeline_.on_error([failed = events_.failed](const std::string& error) {
    failed(Cause{CauseKind::exit_code,
                 "The encoder failed: " + error + ".",
                 "Look at the stream's log; viewers may ask for another codec.",
                 {}});
  });
  GstAppSinkCallbacks callbacks{};
  callbacks.new_sample = take_unit;
  const auto sink = pipeline_.element("sink");
  gst_app_sink_set_callbacks(GST_APP_SINK(sink.get()), &callbacks, this, nullptr);
  const GstPtr<GstPad> pad{gst_element_get_static_pad(encoder_.get(), "sink")};
  gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, on_picture, this, nullptr);
}

/// A picture leaves its queue: what it waited there is the encoder's for other pictures.
GstPadProbeReturn Encoder::on_picture(GstPad*, GstPadProbeInfo* info, gpointer encoder) {
  static_cast<Encoder*>(encoder)->meter_.began(GST_BUFFER_PTS(gst_pad_probe_info_get_buffer(info)));
  return GST_PAD_PROBE_OK;
}

GstFlowReturn Encoder::take_unit(GstAppSink* sink, gpointer encoder) {
  auto& self = *static_cast<Encoder*>(encoder);
  const GstPtr<GstSample> sample{gst_app_sink_pull_sample(sink)};
  if (!sample) return GST_FLOW_OK;
  const auto unit = in_running_time(sample.get());
  auto* buffer = gst_sample_get_buffer(unit.get());
  self.meter_.ended(GST_BUFFER_PTS(buffer), gst_buffer_get_size(buffer));
  self.events_.unit(unit.get());
  return GST_FLOW_OK;
}

Encoder::~Encoder() {
  pipeline_.stop();
}

void Encoder::push(GstSample* picture, PictureUse use) {
  spare(use == PictureUse::keep_alive);
  gst_app_src_push_sample(GST_APP_SRC(source_.get()), picture);
}

void Encoder::set_rate(const EncoderRate& rate) {
  const std::scoped_lock lock{mutex_};
  rate_ = rate;
  if (!is_sparing_) kind_.set_rate(encoder_.get(), rate);
}

void Encoder::spare(bool on) {
  if (kind_.spare == nullptr) return;
  const std::scoped_lock lock{mutex_};
  if (std::exchange(is_sparing_, on) == on) return;
  if (on)
    kind_.spare(encoder_.get());
  else
    kind_.set_rate(encoder_.get(), rate_);
}

void Encoder::request_key() {
  const GstPtr<GstPad> pad{gst_element_get_static_pad(encoder_.get(), "src")};
  gst_pad_send_event(pad.get(),
                     gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE,
                                                                 /*all_headers=*/TRUE, 0));
}

}  // namespace aerie::stream
