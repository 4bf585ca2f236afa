#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "guest/stream/encoder.hpp"

namespace aerie::stream {

/// The end of a peer's own pipeline where access units go in. Shared between the peer and the
/// encoders' threads; outliving the peer is harmless, its pipeline refuses by then.
class PeerFeed {
 public:
  explicit PeerFeed(GstPtr<GstElement> source) : source_(std::move(source)) {}

  /// Passes an access unit on. A peer that has seen no key frame yet, or that fell behind, gets
  /// nothing before the next key frame. True: it needs one.
  [[nodiscard]] bool push(GstSample* unit);

 private:
  GstPtr<GstElement> source_;
  bool needs_key_ = true;  // the encoder's thread only
};

/// One encoder a codec in use; pictures in, access units out to every peer of that codec. An
/// encoder is made with its first peer and removed with its last.
class FanOut {
 public:
  struct Events {
    /// Somebody needs a picture, though nothing changed.
    std::function<void()> frame_wanted;
    /// The picture of that time left every encoder small: none had to save bits on it, so the same
    /// picture again would be no better. From an encoder's thread.
    std::function<void(GstClockTime)> settled;
    /// An encoder broke. From its thread; `remove` its peers.
    std::function<void(Codec, Cause)> failed;
  };

  FanOut(VideoFormat format, const MediaClock& clock, Events events)
      : format_(format), clock_(clock), events_(std::move(events)) {}

  /// On the main thread, both. A new peer gets a key frame.
  [[nodiscard]] std::optional<Cause> add(Codec codec, std::shared_ptr<PeerFeed> feed);
  void remove(Codec codec, const std::shared_ptr<PeerFeed>& feed);
  /// Ends all encoders; on return none of their threads runs.
  void stop();
  /// The encoders in use.
  [[nodiscard]] std::size_t encoders() const { return lanes_.size(); }

  /// What each encoder did since the last time. Any thread.
  [[nodiscard]] std::vector<std::pair<Codec, EncodeMeter::Figures>> take_figures();

  /// Any thread: a picture for every encoder.
  void push(GstSample* picture);
  /// Any thread: the next picture is a key frame. Requests are answered by one key frame while it
  /// is on its way.
  void request_key(Codec codec);

 private:
  struct Lane {
    std::mutex mutex;
    std::vector<std::shared_ptr<PeerFeed>> feeds;
    std::atomic<bool> key_pending = false;
    std::atomic<GstClockTime> settled_at = GST_CLOCK_TIME_NONE;  ///< of its last unit, if small
    std::unique_ptr<Encoder> encoder;
  };
  void deliver(Codec codec, Lane& lane, GstSample* unit);
  void note_size(Lane& lane, GstBuffer* unit);
  [[nodiscard]] std::shared_ptr<Lane> lane_of(Codec codec);
  void request_key_of(Lane& lane);

  VideoFormat format_;
  const MediaClock& clock_;
  Events events_;
  std::mutex mutex_;  // of the map; never held while an encoder stops
  std::map<Codec, std::shared_ptr<Lane>> lanes_;
};

}  // namespace aerie::stream
