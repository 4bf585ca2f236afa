#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "guest/stream/control_messages.hpp"
#include "guest/stream/event_loop.hpp"
#include "guest/stream/own_certificate.hpp"
#include "guest/stream/pipeline.hpp"
#include "guest/stream/webrtc_parts.hpp"

namespace aerie::stream {

/// One listener: a webrtcbin in a pipeline of its own, which offers an Opus track and nothing else.
/// Pictures go by the same viewer's `Peer`; neither knows of the other. Lives on the loop's thread.
class AudioPeer : public std::enable_shared_from_this<AudioPeer> {
 public:
  /// All on the loop's thread, none after `failed` or `closed`, none after the peer's end.
  struct Events {
    std::function<void(const std::string& sdp)> offer;
    std::function<void(const std::string& candidate, unsigned line)> candidate;
    std::function<void()> connected;
    std::function<void(const std::string& reason)> failed;
    std::function<void()> closed;  ///< by the viewer
  };

  /// Starts negotiation; the offer comes as an event.
  [[nodiscard]] static Result<std::shared_ptr<AudioPeer>> create(
      EventLoop& loop, const MediaClock& clock, const std::vector<IceServer>& servers,
      Events events);
  AudioPeer(const AudioPeer&) = delete;
  AudioPeer& operator=(const AudioPeer&) = delete;
  ~AudioPeer();

  [[nodiscard]] bool has_ended() const { return ended_; }

  void answer(const std::string& sdp);
  /// At most 64 of them are kept before the answer; an empty one ends them.
  void add_candidate(const std::string& candidate, unsigned line);

  /// Where its packets go in, an appsrc that never blocks; empty before `connected`.
  [[nodiscard]] const GstPtr<GstElement>& source() const { return source_; }

 private:
  using Home = PeerHome<AudioPeer>;

  AudioPeer(EventLoop& loop, Pipeline pipeline, Events events);
  [[nodiscard]] Home home();
  [[nodiscard]] std::optional<Cause> start(const std::vector<IceServer>& servers);
  void listen();
  void make_offer();
  void offer_made(const GstPtr<GstWebRTCSessionDescription>& offer);
  void answer_taken();
  [[nodiscard]] bool attach_sender();
  void state_changed(GstWebRTCPeerConnectionState state);
  void end(const std::string& reason);
  void viewer_closed();

  static void on_ice_candidate(GstElement*, guint line, gchar* candidate, gpointer home);
  static void on_state(GstElement* webrtc, GParamSpec*, gpointer home);
  static void on_dtls_state(GstElement* dtls, GParamSpec*, gpointer home);

  EventLoop& loop_;
  Events events_;
  Pipeline pipeline_;
  GstPtr<GstElement> webrtc_;
  std::optional<OwnCertificate> certificate_;
  RemoteCandidates candidates_;  ///< wait until webrtcbin has the answer, and may begin with checks
  unsigned payload_ = 0;         ///< as the answer numbers it
  GstPtr<GstElement> source_;
  EventSource connect_deadline_;
  bool answered_ = false;  ///< an answer was given
  bool connected_ = false;
  bool ended_ = false;
};

/// The payload type that an answer gives to Opus; the error is a clause for `peer failed`.
[[nodiscard]] tl::expected<unsigned, std::string> opus_payload(const GstSDPMessage* answer);

}  // namespace aerie::stream
