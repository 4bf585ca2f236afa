#include "guest/stream/audio_encoder.hpp"

#include <gst/app/gstappsrc.h>

#include "guest/stream/encoder.hpp"

namespace aerie::stream {
namespace {

/// Further from the time at which they come, samples are stamped anew: some were lost.
constexpr GstClockTime most_drift = 100 * GST_MSECOND;

/// A desktop's sounds are music as often as speech, and the delay counts: the transform codec alone
/// (RFC 6716, "restricted low delay"), which has no in-band FEC. Complexity 5 of 10 takes 0.4 % of
/// a core instead of 0.7.
constexpr auto description =
    "appsrc name=source is-live=true format=time max-bytes=0 max-buffers=0 max-time=1000000000 "
    "leaky-type=downstream ! opusenc name=encoder audio-type=restricted-lowdelay bitrate=96000 "
    "bitrate-type=constrained-vbr frame-size=20 complexity=5 "
    "! appsink name=sink sync=false async=false max-buffers=50 drop=true qos=false";

GstPtr<GstCaps> sample_caps() {
  return GstPtr<GstCaps>{gst_caps_new_simple(
      "audio/x-raw", "format", G_TYPE_STRING, "S16LE", "rate", G_TYPE_INT,
      static_cast<int>(audio_rate), "channels", G_TYPE_INT, static_cast<int>(audio_channels),
      "layout", G_TYPE_STRING, "interleaved", nullptr)};
}

}  // namespace

Result<std::unique_ptr<AudioEncoder>> AudioEncoder::create(const MediaClock& clock, Events events) {
  auto pipeline = Pipeline::parse(description, clock);
  if (!pipeline) return tl::unexpected(pipeline.error());
  std::unique_ptr<AudioEncoder> encoder{
      new AudioEncoder(clock, std::move(*pipeline), std::move(events))};
  if (encoder->pipeline_.play()) return encoder;
  return tl::unexpected(Cause{CauseKind::plugin_missing,
                              "The encoder for Opus does not start.",
                              "Install the GStreamer packages that the doctor names.",
                              {}});
}

AudioEncoder::AudioEncoder(const MediaClock& clock, Pipeline pipeline, Events events)
    : clock_(clock),
      events_(std::move(events)),
      pipeline_(std::move(pipeline)),
      source_(pipeline_.element("source")) {
  pipeline_.on_error([failed = events_.failed](const std::string& error) {
    failed("the encoder failed: " + error);
  });
  gst_app_src_set_caps(GST_APP_SRC(source_.get()), sample_caps().get());
  GstAppSinkCallbacks callbacks{};
  callbacks.new_sample = take_packet;
  const auto sink = pipeline_.element("sink");
  gst_app_sink_set_callbacks(GST_APP_SINK(sink.get()), &callbacks, this, nullptr);
}

AudioEncoder::~AudioEncoder() {
  pipeline_.stop();
}

void AudioEncoder::push(std::span<const std::int16_t> samples, bool is_first) {
  const auto frames = samples.size() / audio_channels;
  const auto length = gst_util_uint64_scale_int(frames, GST_SECOND, audio_rate);
  const auto now = clock_.now();
  const auto began = now > length ? now - length : 0;
  const bool is_anew = is_first || next_ == GST_CLOCK_TIME_NONE || next_ + most_drift < began ||
                       next_ > began + most_drift;
  GstPtr<GstBuffer> buffer{gst_buffer_new_memdup(samples.data(), samples.size_bytes())};
  GST_BUFFER_PTS(buffer.get()) = is_anew ? began : next_;
  GST_BUFFER_DURATION(buffer.get()) = length;
  if (is_anew) GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT);
  next_ = GST_BUFFER_PTS(buffer.get()) + length;
  gst_app_src_push_buffer(GST_APP_SRC(source_.get()), buffer.release());
}

GstFlowReturn AudioEncoder::take_packet(GstAppSink* sink, gpointer encoder) {
  const GstPtr<GstSample> sample{gst_app_sink_pull_sample(sink)};
  if (sample)
    static_cast<AudioEncoder*>(encoder)->events_.packet(in_running_time(sample.get()).get());
  return GST_FLOW_OK;
}

}  // namespace aerie::stream
