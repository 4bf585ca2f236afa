#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "guest/stream/audio_capture.hpp"
#include "guest/stream/audio_encoder.hpp"
#include "guest/stream/audio_peer.hpp"
#include "guest/stream/event_loop.hpp"

namespace aerie::stream {

/// The sound of the guest for all who listen: one capture, one encoder, a peer each. What fails
/// here ends audio peers and nothing else. Nothing of it is there while nobody listens. On the
/// loop's thread.
class AudioBroadcast {
 public:
  struct Events {
    std::function<void(Epoch, const std::string& sdp)> offer;
    std::function<void(Epoch, const std::string& candidate, unsigned line)> candidate;
    /// `connected`, `failed` with a reason, or `closed`; after the last two the epoch is no more.
    std::function<void(Epoch, const char* state, const std::string& reason)> state;
  };

  /// `server`: PulseAudio's address; empty where the guest has none.
  AudioBroadcast(EventLoop& loop, const MediaClock& clock, std::string server,
                 std::vector<IceServer> ice_servers, Events events);
  AudioBroadcast(const AudioBroadcast&) = delete;
  AudioBroadcast& operator=(const AudioBroadcast&) = delete;
  ~AudioBroadcast();

  /// A listener is offered sound as soon as the server answers, within 5 s.
  void add(Epoch epoch);
  [[nodiscard]] bool has(Epoch epoch) const { return listeners_.contains(epoch); }
  [[nodiscard]] std::size_t size() const { return listeners_.size(); }
  void answer(Epoch epoch, const std::string& sdp);
  void add_candidate(Epoch epoch, const std::string& candidate, unsigned line);
  void remove(Epoch epoch);

 private:
  /// Null until the server answers.
  using Listeners = std::map<Epoch, std::shared_ptr<AudioPeer>>;

  [[nodiscard]] std::optional<std::string> open();
  [[nodiscard]] AudioPeer::Events peer_events(Epoch epoch);
  void server_answered();
  void make_peer(Epoch epoch);
  void peer_connected(Epoch epoch);
  void fail(Epoch epoch, const std::string& reason);
  void fail_all(const std::string& reason);
  void deliver(GstSample* packet);
  void close_when_unheard();

  /// Posts to the loop what is dropped when this object, or its capture, is gone by then.
  template <class Function>
  [[nodiscard]] auto posted(Function function);

  EventLoop& loop_;
  const MediaClock& clock_;
  std::string server_;
  std::vector<IceServer> ice_servers_;
  Events events_;
  Listeners listeners_;
  std::mutex mutex_;  ///< of the feeds
  std::map<Epoch, GstPtr<GstElement>> feeds_;
  std::shared_ptr<bool>
      opening_;  ///< one a capture: what an earlier one said late counts for nothing
  EventSource answer_deadline_;
  bool has_answered_ = false;
  // The capture gives to the encoder, so it goes first.
  std::unique_ptr<AudioEncoder> encoder_;
  std::unique_ptr<AudioCapture> capture_;
};

}  // namespace aerie::stream
