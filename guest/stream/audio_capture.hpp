#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <pulse/context.h>
#include <pulse/introspect.h>
#include <pulse/stream.h>
#include <pulse/thread-mainloop.h>
#include <span>
#include <string>

#include "messages/cause.hpp"

namespace aerie::stream {

/// What is captured, encoded and sent: two channels of signed 16-bit samples, interleaved.
inline constexpr unsigned audio_rate = 48'000;  // Opus' own
inline constexpr unsigned audio_channels = 2;

/// What the guest's programs play, from the monitor of PulseAudio's sink, in libpulse's own thread.
/// While nobody listens, or no program has a stream open that plays, nothing is recorded and the
/// thread blocks; what is silent for long is recorded and not given.
class AudioCapture {
 public:
  /// All on libpulse's thread.
  struct Events {
    /// The server answers; once.
    std::function<void()> ready;
    /// Samples as they come, of about 5 ms. `is_first`: nothing was given right before them.
    std::function<void(std::span<const std::int16_t> samples, bool is_first)> samples;
    /// The server is gone or refuses; once, and nothing after it. A clause.
    std::function<void(std::string reason)> failed;
  };

  /// Begins to connect to a server by its address (`unix:/path`). `network-failed` where libpulse
  /// refuses at once.
  [[nodiscard]] static Result<std::unique_ptr<AudioCapture>> connect(const std::string& server,
                                                                     Events events);
  AudioCapture(const AudioCapture&) = delete;
  AudioCapture& operator=(const AudioCapture&) = delete;
  /// Ends the thread. Not on it.
  ~AudioCapture();

  /// Whether samples are wanted. Once this returns from `false`, none are given. Not on libpulse's
  /// thread.
  void set_active(bool is_active);

 private:
  struct Free {
    void operator()(pa_threaded_mainloop* loop) const { pa_threaded_mainloop_free(loop); }
    void operator()(pa_context* context) const { pa_context_unref(context); }
    void operator()(pa_stream* stream) const { pa_stream_unref(stream); }
  };

  explicit AudioCapture(Events events) : events_(std::move(events)) {}
  [[nodiscard]] bool begin(const std::string& server);
  void context_changed();
  void connected();
  void count_players();
  void stream_changed();
  void readable();
  void take(std::span<const std::int16_t> samples);
  void record_when_needed();
  void fail(const std::string& what);

  static void on_context(pa_context*, void* self);
  static void on_players_changed(pa_context*, pa_subscription_event_type_t, std::uint32_t,
                                 void* self);
  static void on_player(pa_context*, const pa_sink_input_info* player, int is_last, void* self);
  static void on_stream(pa_stream*, void* self);
  static void on_readable(pa_stream*, std::size_t, void* self);

  Events events_;
  std::unique_ptr<pa_threaded_mainloop, Free> loop_;  ///< its lock guards all that follows
  std::unique_ptr<pa_context, Free> context_;
  std::unique_ptr<pa_stream, Free> stream_;
  bool is_active_ = false;
  bool is_recording_ = false;
  bool is_giving_ = false;  ///< the samples of before were given
  bool has_failed_ = false;
  bool is_recount_due_ = false;  ///< programs came or went while they were counted
  bool is_counting_ = false;
  unsigned players_ = 0;           ///< that play
  unsigned counted_ = 0;           ///< of a count that is under way
  std::size_t silent_frames_ = 0;  ///< in a row, of all channels
};

}  // namespace aerie::stream
