#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "guest/stream/drop_policy.hpp"
#include "guest/stream/encoder.hpp"
#include "guest/stream/encoder_chooser.hpp"
#include "guest/stream/packet_pacer.hpp"
#include "guest/stream/picture_halver.hpp"
#include "guest/stream/rate_plan.hpp"
#include "guest/stream/size_plan.hpp"

namespace aerie::stream {

/// The end of a peer's own pipeline where access units go in. Shared between the peer and the
/// encoders' threads; outliving the peer is harmless, its pipeline refuses by then. Any thread.
class PeerFeed {
 public:
  enum class Sizes {
    any,   ///< of pictures
    whole  ///< while it is fed, its encoder halves none
  };
  explicit PeerFeed(GstPtr<GstElement> source, std::shared_ptr<PacketPacer> pacer = {},
                    Sizes sizes = Sizes::any)
      : source_(std::move(source)), pacer_(std::move(pacer)), sizes_(sizes) {}

  [[nodiscard]] Sizes sizes() const { return sizes_; }

  /// Passes an access unit on, if the policy takes it. True: the peer needs a key frame.
  [[nodiscard]] bool push(GstSample* unit);
  /// Whether a key frame is to be asked for now, though nothing is pushed.
  [[nodiscard]] bool asks_key();
  /// See `DropPolicy`.
  void set_dark(bool is_dark);
  void start_afresh();
  /// How long what was pushed will take to go out.
  [[nodiscard]] std::chrono::milliseconds waiting() const;

  /// A picture was not encoded because this peer is behind.
  void note_skipped() { has_skipped_ = true; }
  /// Whether one was and it could be now; counts as done.
  [[nodiscard]] bool takes_skipped();
  /// A picture or a key frame is owed.
  [[nodiscard]] bool is_behind();

 private:
  GstPtr<GstElement> source_;
  std::shared_ptr<PacketPacer> pacer_;
  Sizes sizes_;
  std::mutex mutex_;
  DropPolicy policy_;
  std::atomic<bool> has_skipped_ = false;
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
    /// The pictures of that codec are halved from now on, or whole again. On the capture thread.
    std::function<void(Codec, bool is_halved)> halved;
    /// An encoder broke. From its thread; `remove` its peers.
    std::function<void(Codec, Cause)> failed;
  };

  /// `chooser` outlives it.
  FanOut(VideoFormat format, const MediaClock& clock, EncoderChooser& chooser, Events events)
      : format_(format), clock_(clock), chooser_(chooser), events_(std::move(events)) {}

  /// On the main thread, both. A new peer gets a key frame.
  [[nodiscard]] std::optional<Cause> add(Codec codec, std::shared_ptr<PeerFeed> feed);
  void remove(Codec codec, const std::shared_ptr<PeerFeed>& feed);
  /// The encoder in use and why it is that one; nothing where none is.
  [[nodiscard]] std::optional<EncoderChooser::Choice> choice(Codec codec);
  /// From now on the encoder of that codec makes `target` bit/s at most, for that peer: while it is
  /// behind no picture is encoded. The others have their drop policies.
  void set_target(Codec codec, int target, std::shared_ptr<PeerFeed> leader);
  /// Pictures have another size from now on.
  void set_format(const VideoFormat& format);
  /// Ends all encoders; on return none of their threads runs.
  void stop();
  /// The encoders in use.
  [[nodiscard]] std::size_t encoders() const { return lanes_.size(); }

  /// What each encoder did since the last time. Any thread.
  [[nodiscard]] std::vector<std::pair<Codec, EncodeMeter::Figures>> take_figures();

  /// Any thread: a picture for every encoder.
  void push(GstSample* picture, PictureUse use);
  /// Any thread: the next picture is a key frame. Requests are answered by one key frame while it
  /// is on its way.
  void request_key(Codec codec);

 private:
  struct Lane {
    std::mutex mutex;
    std::vector<std::shared_ptr<PeerFeed>> feeds;
    std::shared_ptr<PeerFeed> leader;
    EncoderRate rate;
    std::chrono::steady_clock::time_point next_at;  ///< no picture before it
    std::atomic<bool> key_pending = false;
    std::atomic<GstClockTime> settled_at = GST_CLOCK_TIME_NONE;  ///< of its last unit, if small
    EncoderChooser::Choice choice;
    std::unique_ptr<Encoder> encoder;
    PictureHalver halver;              ///< the capture thread's
    std::atomic<int> whole_width = 0;  ///< of the picture that came last, before it was halved

    /// Of what the rate is planned by; held while the encoder learns it, which may wait for a
    /// picture whose unit takes the other mutex.
    std::mutex plan_mutex;
    VideoFormat format;
    int target = 0;  ///< bit/s
    SizePlan size_plan;
    bool is_halved = false;  ///< changed by the capture thread
  };
  using Lanes = std::map<Codec, std::shared_ptr<Lane>>;
  [[nodiscard]] Result<std::shared_ptr<Lane>> open_lane(Codec codec);
  void push_to(Codec codec, Lane& lane, GstSample* picture, PictureUse use);
  [[nodiscard]] static bool admits(Lane& lane);
  [[nodiscard]] static bool plan_size(Lane& lane, PictureUse use);
  [[nodiscard]] static bool has_whole_feed(Lane& lane);
  static void plan_rate(Lane& lane);
  void deliver(Codec codec, Lane& lane, GstSample* unit);
  [[nodiscard]] static bool is_halved(const Lane& lane, GstSample* unit);
  void note_size(Lane& lane, GstBuffer* unit);
  [[nodiscard]] std::shared_ptr<Lane> lane_of(Codec codec);
  /// As they are now; what is done to each is done without the mutex, for it may wait.
  [[nodiscard]] Lanes lanes();
  void request_key_of(Lane& lane);

  VideoFormat format_;  ///< of encoders to come; the main thread's
  const MediaClock& clock_;
  EncoderChooser& chooser_;
  Events events_;
  std::mutex mutex_;  // of the map; never held while an encoder stops
  Lanes lanes_;
};

}  // namespace aerie::stream
