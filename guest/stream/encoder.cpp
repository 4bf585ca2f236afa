#include "guest/stream/encoder.hpp"

#include <algorithm>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <thread>

namespace aerie::stream {
namespace {

constexpr int most_threads = 4;  // one slice a thread: more slices cost bits

int cores() {
  return static_cast<int>(std::thread::hardware_concurrency());
}
int h264_threads() {
  return std::clamp(cores(), 1, most_threads);
}
/// libvpx' threads spin while they wait for each other. Measured on two busy cores, 1280x720: 3 ms
/// a frame with one thread, 100 ms with two; so half of the cores stay free of it.
int vp8_threads() {
  return std::clamp(cores() / 2, 1, most_threads);
}

/// One picture at most waits, the newest; older ones are dropped, they are not encoded yet.
constexpr auto source_description =
    "appsrc name=source is-live=true format=time max-buffers=1 max-bytes=0 leaky-type=downstream "
    "! ";
constexpr auto sink_description =
    " ! appsink name=sink sync=false async=false max-buffers=8 drop=false qos=false";

/// Constant quality below a ceiling of the rate: what does not fit into it at once becomes sharp
/// with the repeats that follow, and those end (`FanOut::Events::settled`), which they would not
/// with a constant rate. Quantizers of 18 to 23 can't be told from the original on text.
std::string h264_description(const VideoFormat& format) {
  const int vbv_ms = std::max(1500 / format.fps, 10);  // one and a half frames
  return "x264enc name=encoder tune=zerolatency speed-preset=ultrafast sliced-threads=true "
         "threads=" +
         std::to_string(h264_threads()) +
         " pass=qual quantizer=22 qp-min=18 bitrate=" + std::to_string(bitrate_of(format) / 1000) +
         " vbv-buf-capacity=" + std::to_string(vbv_ms) +
         " key-int-max=2147483647 bframes=0 byte-stream=true aud=false"
         " option-string=\"scenecut=0:keyint=infinite\""
         " ! video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au";
}

std::string vp8_description(const VideoFormat& format) {
  // A negative speed is fixed; a positive one lets libvpx search for it while frames wait.
  return "vp8enc name=encoder deadline=1 cpu-used=-8 lag-in-frames=0 threads=" +
         std::to_string(vp8_threads()) + " target-bitrate=" + std::to_string(bitrate_of(format)) +
         " end-usage=cbr buffer-size=150 buffer-initial-size=100 buffer-optimal-size=120"
         " undershoot=95 keyframe-mode=disabled keyframe-max-dist=2147483647"
         " error-resilient=0 static-threshold=20 min-quantizer=4 max-quantizer=52"
         " token-partitions=1";
}

}  // namespace

int bitrate_of(const VideoFormat& format) {
  const auto pixels = static_cast<std::int64_t>(format.width) * format.height * format.fps;
  return static_cast<int>(std::clamp<std::int64_t>(pixels / 4, 1'000'000, 12'000'000));
}

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

Result<std::unique_ptr<Encoder>> Encoder::create(Codec codec, const VideoFormat& format,
                                                 const MediaClock& clock, Events events) {
  const auto encoder = codec == Codec::h264 ? h264_description(format) : vp8_description(format);
  auto pipeline = Pipeline::parse(source_description + encoder + sink_description, clock);
  if (!pipeline) return tl::unexpected(pipeline.error());
  std::unique_ptr<Encoder> result{new Encoder(codec, std::move(*pipeline), std::move(events))};
  if (result->pipeline_.play()) return result;
  return tl::unexpected(
      Cause{CauseKind::plugin_missing,
            "The encoder for " + std::string{to_string(codec)} + " does not start.",
            "Install the GStreamer packages that the doctor names.",
            {}});
}

Encoder::Encoder(Codec codec, Pipeline pipeline, Events events)
    : codec_(codec),
      events_(std::move(events)),
      pipeline_(std::move(pipeline)),
      source_(pipeline_.element("source")),
      encoder_(pipeline_.element("encoder")) {
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

void Encoder::push(GstSample* picture) {
  gst_app_src_push_sample(GST_APP_SRC(source_.get()), picture);
}

void Encoder::set_bitrate(int bits_per_second) {
  if (codec_ == Codec::h264)
    g_object_set(encoder_.get(), "bitrate", bits_per_second / 1000, nullptr);
  else
    g_object_set(encoder_.get(), "target-bitrate", bits_per_second, nullptr);
}

void Encoder::request_key() {
  const GstPtr<GstPad> pad{gst_element_get_static_pad(encoder_.get(), "src")};
  gst_pad_send_event(pad.get(),
                     gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE,
                                                                 /*all_headers=*/TRUE, 0));
}

}  // namespace aerie::stream
