#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "guest/stream/event_loop.hpp"
#include "guest/stream/fan_out.hpp"
#include "guest/stream/media_clock.hpp"
#include "guest/stream/pipeline.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::stream {

/// Writes the access units of an encoder into a Matroska file, as one more peer of it: nothing is
/// encoded for it alone. The units have one size of picture; after another one a new recorder is
/// needed. Lives on the loop's thread.
class Recorder {
 public:
  /// On the loop's thread.
  struct Events {
    /// It can't take more: so much is written as it may, the disk is full, or the muxer failed.
    std::function<void(const std::string& why)> full;
    /// Everything is in the file, after `finish`.
    std::function<void()> finished;
  };

  /// Takes a file that is open for writing. `plugin_missing` where GStreamer can't write Matroska.
  [[nodiscard]] static Result<std::unique_ptr<Recorder>> start(EventLoop& loop,
                                                               const MediaClock& clock, Codec codec,
                                                               UniqueFd file,
                                                               std::uint64_t most_bytes,
                                                               Events events);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  ~Recorder();

  [[nodiscard]] Codec codec() const { return codec_; }
  [[nodiscard]] const std::shared_ptr<PeerFeed>& feed() const { return feed_; }
  /// No unit comes any more: ends the file.
  void finish();

 private:
  Recorder(EventLoop& loop, Codec codec, UniqueFd file, std::uint64_t most_bytes, Events events,
           Pipeline pipeline);
  static GstPadProbeReturn on_unit(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_written(GstPad*, GstPadProbeInfo* info, gpointer self);
  void tell_full(const std::string& why);
  void tell_finished();
  void check_end();

  EventLoop& loop_;
  Codec codec_;
  UniqueFd file_;  ///< outlives the pipeline, which writes to it
  std::uint64_t most_bytes_;
  Events events_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< read on the loop's thread
  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<bool> is_full_ = false;
  std::atomic<bool> has_failed_ = false;  ///< nothing comes out of the pipeline any more
  bool has_size_ = false;                 ///< these two: on the pipeline's thread
  bool has_other_size_ = false;
  bool is_finished_ = false;
  EventSource end_check_;  ///< between `finish` and `finished`
  Pipeline pipeline_;
  std::shared_ptr<PeerFeed> feed_;
};

}  // namespace aerie::stream
