#include "guest/stream/audio_capture.hpp"

#include <algorithm>
#include <pulse/error.h>
#include <pulse/operation.h>
#include <pulse/subscribe.h>

namespace aerie::stream {
namespace {

constexpr const char* monitor = "aerie.monitor";  // of the sink that guest/audio_server.cpp makes
/// Of 5 ms: the sink, whose monitor it is, works in blocks as long as these.
constexpr std::uint32_t fragment_bytes = audio_rate / 200 * audio_channels * sizeof(std::int16_t);
/// Silence goes on for so long before it is silence: decays of music, pauses within speech.
constexpr std::size_t silence_after = audio_rate / 2;

/// Nobody waits for the outcome of what is asked.
void let_go(pa_operation* operation) {
  if (operation != nullptr) pa_operation_unref(operation);
}

}  // namespace

Result<std::unique_ptr<AudioCapture>> AudioCapture::connect(const std::string& server,
                                                            Events events) {
  std::unique_ptr<AudioCapture> capture{new AudioCapture(std::move(events))};
  if (capture->begin(server)) return capture;
  return tl::unexpected(Cause{CauseKind::network_failed,
                              "The guest's audio server can't be connected to.",
                              "Look at the log of the profile's audio child.",
                              {}});
}

bool AudioCapture::begin(const std::string& server) {
  loop_.reset(pa_threaded_mainloop_new());
  if (!loop_) return false;
  context_.reset(pa_context_new(pa_threaded_mainloop_get_api(loop_.get()), "aerie-stream"));
  if (!context_) return false;
  pa_context_set_state_callback(context_.get(), on_context, this);
  pa_context_set_subscribe_callback(context_.get(), on_players_changed, this);
  return pa_context_connect(context_.get(), server.c_str(), PA_CONTEXT_NOAUTOSPAWN, nullptr) >= 0 &&
         pa_threaded_mainloop_start(loop_.get()) >= 0;
}

AudioCapture::~AudioCapture() {
  if (!loop_) return;
  pa_threaded_mainloop_stop(loop_.get());
  // Both would tell of their ends.
  if (stream_) pa_stream_set_state_callback(stream_.get(), nullptr, nullptr);
  if (stream_) pa_stream_disconnect(stream_.get());
  if (context_) pa_context_set_state_callback(context_.get(), nullptr, nullptr);
  if (context_) pa_context_disconnect(context_.get());
  stream_.reset();
  context_.reset();
}

void AudioCapture::set_active(bool is_active) {
  pa_threaded_mainloop_lock(loop_.get());
  is_active_ = is_active;
  is_giving_ = false;
  silent_frames_ = 0;
  record_when_needed();
  pa_threaded_mainloop_unlock(loop_.get());
}

// -- the connection -------------------------------------------------------------------------------

void AudioCapture::context_changed() {
  switch (pa_context_get_state(context_.get())) {
    case PA_CONTEXT_READY:
      return connected();
    case PA_CONTEXT_FAILED:
    case PA_CONTEXT_TERMINATED:
      return fail("the guest's audio server");
    default:
      return;
  }
}

void AudioCapture::connected() {
  const pa_sample_spec format{PA_SAMPLE_S16LE, audio_rate, audio_channels};
  stream_.reset(pa_stream_new(context_.get(), "viewers", &format, nullptr));
  if (!stream_) return fail("the audio stream");
  pa_stream_set_state_callback(stream_.get(), on_stream, this);
  pa_stream_set_read_callback(stream_.get(), on_readable, this);
  pa_buffer_attr buffer{};
  buffer.maxlength = static_cast<std::uint32_t>(-1);
  buffer.fragsize = fragment_bytes;
  const auto flags = static_cast<pa_stream_flags_t>(PA_STREAM_START_CORKED |
                                                    PA_STREAM_ADJUST_LATENCY | PA_STREAM_DONT_MOVE);
  if (pa_stream_connect_record(stream_.get(), monitor, &buffer, flags) < 0)
    return fail("the audio stream");
  let_go(pa_context_subscribe(context_.get(), PA_SUBSCRIPTION_MASK_SINK_INPUT, nullptr, nullptr));
  count_players();
}

void AudioCapture::stream_changed() {
  const auto state = pa_stream_get_state(stream_.get());
  if (state == PA_STREAM_READY) {
    record_when_needed();
    events_.ready();
  } else if (state == PA_STREAM_FAILED || state == PA_STREAM_TERMINATED) {
    fail("the audio stream");
  }
}

void AudioCapture::fail(const std::string& what) {
  if (std::exchange(has_failed_, true)) return;
  events_.failed(what + ": " + pa_strerror(pa_context_errno(context_.get())));
}

// -- who plays ------------------------------------------------------------------------------------

void AudioCapture::count_players() {
  if (is_counting_) {
    is_recount_due_ = true;
    return;
  }
  is_counting_ = true;
  counted_ = 0;
  let_go(pa_context_get_sink_input_info_list(context_.get(), on_player, this));
}

void AudioCapture::on_player(pa_context*, const pa_sink_input_info* player, int is_last,
                             void* self) {
  auto& capture = *static_cast<AudioCapture*>(self);
  if (is_last == 0) {
    if (player->corked == 0) ++capture.counted_;
    return;
  }
  capture.is_counting_ = false;
  capture.players_ = capture.counted_;
  capture.record_when_needed();
  if (std::exchange(capture.is_recount_due_, false)) capture.count_players();
}

/// Whoever has stopped to play is heard to the end: recording stops once it is silent.
void AudioCapture::record_when_needed() {
  if (!stream_ || pa_stream_get_state(stream_.get()) != PA_STREAM_READY) return;
  const bool is_needed =
      is_active_ && (players_ > 0 || (is_recording_ && silent_frames_ < silence_after));
  if (is_needed == is_recording_) return;
  is_recording_ = is_needed;
  if (!is_needed) is_giving_ = false;
  let_go(pa_stream_cork(stream_.get(), is_needed ? 0 : 1, nullptr, nullptr));
}

// -- samples --------------------------------------------------------------------------------------

void AudioCapture::readable() {
  const void* data = nullptr;
  std::size_t bytes = 0;
  while (pa_stream_readable_size(stream_.get()) > 0 &&
         pa_stream_peek(stream_.get(), &data, &bytes) >= 0 && bytes > 0) {
    // Without data it is a hole, which plays as silence.
    if (data != nullptr && is_active_)
      take({static_cast<const std::int16_t*>(data), bytes / sizeof(std::int16_t)});
    pa_stream_drop(stream_.get());
  }
  record_when_needed();
}

void AudioCapture::take(std::span<const std::int16_t> samples) {
  const bool is_silent =
      std::all_of(samples.begin(), samples.end(), [](std::int16_t sample) { return sample == 0; });
  silent_frames_ = is_silent ? silent_frames_ + samples.size() / audio_channels : 0;
  if (is_silent && (!is_giving_ || silent_frames_ >= silence_after)) {
    is_giving_ = false;
    return;
  }
  events_.samples(samples, !std::exchange(is_giving_, true));
}

void AudioCapture::on_context(pa_context*, void* self) {
  static_cast<AudioCapture*>(self)->context_changed();
}

void AudioCapture::on_players_changed(pa_context*, pa_subscription_event_type_t, std::uint32_t,
                                      void* self) {
  static_cast<AudioCapture*>(self)->count_players();
}

void AudioCapture::on_stream(pa_stream*, void* self) {
  static_cast<AudioCapture*>(self)->stream_changed();
}

void AudioCapture::on_readable(pa_stream*, std::size_t, void* self) {
  static_cast<AudioCapture*>(self)->readable();
}

}  // namespace aerie::stream
