#include "guest/stream/audio_encoder.hpp"

#include <gst/app/gstappsrc.h>
#include <utility>

namespace aerie::stream {
namespace {

/// Further from the time at which they come, samples are stamped anew: some were lost.
constexpr GstClockTime most_drift = 100 * GST_MSECOND;
constexpr GstClockTime packet_time = 10 * GST_MSECOND;
constexpr std::size_t packet_samples = audio_rate / 100 * audio_channels;

/// A desktop's sounds are music as often as speech, and the delay counts: the transform codec alone
/// (RFC 6716, "restricted low delay"), which has no in-band FEC. Complexity 5 of 10 takes 0.4 % of
/// a core instead of 0.7.
constexpr auto description =
    "appsrc name=source is-live=true format=time max-bytes=0 max-buffers=0 max-time=0 "
    "! opusenc name=encoder audio-type=restricted-lowdelay bitrate=96000 "
    "bitrate-type=constrained-vbr frame-size=10 complexity=5 "
    "! appsink name=sink sync=false async=false qos=false";

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
  const auto length =
      gst_util_uint64_scale_int(samples.size() / audio_channels, GST_SECOND, audio_rate);
  const auto now = clock_.now();
  const auto began = now > length ? now - length : 0;
  const auto waiting =
      gst_util_uint64_scale_int(samples_.size() / audio_channels, GST_SECOND, audio_rate);
  const auto expected = next_ + waiting;
  if (is_first || next_ == GST_CLOCK_TIME_NONE || expected + most_drift < began ||
      expected > began + most_drift) {
    samples_.clear();
    next_ = began;
    is_first_ = true;
  }
  samples_.insert(samples_.end(), samples.begin(), samples.end());
  while (samples_.size() >= packet_samples)
    feed();
}

/// Gives one packet's samples to the encoder.
void AudioEncoder::feed() {
  GstPtr<GstBuffer> buffer{
      gst_buffer_new_memdup(samples_.data(), packet_samples * sizeof(std::int16_t))};
  samples_.erase(samples_.begin(), samples_.begin() + packet_samples);
  GST_BUFFER_PTS(buffer.get()) = fed_;
  GST_BUFFER_DURATION(buffer.get()) = packet_time;
  fed_ += packet_time;
  {
    const std::scoped_lock lock{mutex_};
    stamps_.push_back({next_, std::exchange(is_first_, false)});
  }
  next_ += packet_time;
  gst_app_src_push_buffer(GST_APP_SRC(source_.get()), buffer.release());
}

/// One packet comes for each that was given, in order; its time is that of its samples. Without an
/// offset, which payloaders would count by: a pause would be missing from the packets' timestamps,
/// and all that follows counted as late (measured in Chromium: played two seconds late for good).
GstPtr<GstSample> AudioEncoder::stamped(GstSample* sample) {
  const GstPtr<GstBuffer> buffer{gst_buffer_copy(gst_sample_get_buffer(sample))};
  const std::scoped_lock lock{mutex_};
  if (stamps_.empty()) return {};
  const auto stamp = stamps_.front();
  stamps_.pop_front();
  GST_BUFFER_PTS(buffer.get()) = stamp.time;
  GST_BUFFER_DTS(buffer.get()) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_OFFSET(buffer.get()) = GST_BUFFER_OFFSET_NONE;
  GST_BUFFER_OFFSET_END(buffer.get()) = GST_BUFFER_OFFSET_NONE;
  if (stamp.is_first)
    GST_BUFFER_FLAG_SET(buffer.get(), GST_BUFFER_FLAG_DISCONT);
  else
    GST_BUFFER_FLAG_UNSET(buffer.get(), GST_BUFFER_FLAG_DISCONT);
  return GstPtr<GstSample>{
      gst_sample_new(buffer.get(), gst_sample_get_caps(sample), nullptr, nullptr)};
}

GstFlowReturn AudioEncoder::take_packet(GstAppSink* sink, gpointer encoder) {
  auto& self = *static_cast<AudioEncoder*>(encoder);
  const GstPtr<GstSample> sample{gst_app_sink_pull_sample(sink)};
  if (!sample) return GST_FLOW_OK;
  if (const auto packet = self.stamped(sample.get())) self.events_.packet(packet.get());
  return GST_FLOW_OK;
}

}  // namespace aerie::stream
