#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "guest/stream/event_loop.hpp"
#include "guest/stream/gst_ptr.hpp"

/// What every peer on a webrtcbin needs, whatever it carries.
namespace aerie::stream {

/// The way back to a peer from GStreamer's threads. They never hold the peer itself: its last owner
/// stops the pipeline, which must not happen on one of the pipeline's own threads.
template <class Peer>
class PeerHome {
 public:
  PeerHome(EventLoop& loop, std::weak_ptr<Peer> peer) : loop_(&loop), peer_(std::move(peer)) {}

  /// Runs `function(peer)` on the loop's thread if the peer lives then and has not ended.
  template <class Function>
  void post(Function function) const {
    loop_->post([weak = peer_, function = std::move(function)] {
      const auto self = weak.lock();
      if (self && !self->has_ended()) function(*self);
    });
  }

  /// Calls `callback` with a home of its own, for as long as the signal is connected.
  void connect(GstElement* element, const char* signal, GCallback callback) const {
    g_signal_connect_data(
        element, signal, callback, copied(), [](gpointer home, GClosure*) { destroy(home); },
        GConnectFlags{});
  }

  /// For callbacks that take a function to destroy their data.
  [[nodiscard]] gpointer copied() const { return new PeerHome(*this); }
  static void destroy(gpointer home) { delete static_cast<PeerHome*>(home); }
  static const PeerHome& of(gpointer home) { return *static_cast<const PeerHome*>(home); }

 private:
  EventLoop* loop_;
  std::weak_ptr<Peer> peer_;
};

/// The other side's candidates, which may come before webrtcbin can take them.
class RemoteCandidates {
 public:
  explicit RemoteCandidates(GstPtr<GstElement> webrtc) : webrtc_(std::move(webrtc)) {}

  /// At most 64 wait; what libnice could not use is passed over. An empty one ends them.
  void add(const std::string& candidate, unsigned line);
  /// The description that they belong to was taken.
  void release();

 private:
  struct Candidate {
    std::string text;
    unsigned line;
  };
  GstPtr<GstElement> webrtc_;
  std::vector<Candidate> early_;
  bool is_released_ = false;
};

/// Empty where the text is no session description.
[[nodiscard]] GstPtr<GstWebRTCSessionDescription> parsed_description(GstWebRTCSDPType type,
                                                                     const std::string& text);

/// The pad that webrtcbin made for what it sends when it took the answer. It is not requested
/// before: webrtcbin 1.22 connects a requested pad only if it has caps by then, and caps before the
/// offer would leave one codec in it.
[[nodiscard]] GstPtr<GstPad> first_sink_pad(GstElement* webrtc);

[[nodiscard]] GstWebRTCPeerConnectionState connection_state(GstElement* webrtc);

/// The elements in a connected webrtcbin that speak DTLS; each has `notify::connection-state`.
[[nodiscard]] std::vector<GstPtr<GstElement>> connected_dtls(GstElement* webrtc);

/// Whether the other side has closed its end (RFC 5246, 7.2.1), as a browser does with its peer and
/// its page. webrtcbin tells nothing of it, and ICE misses the other side after 45 s.
[[nodiscard]] bool is_closed(GstElement* dtls);

}  // namespace aerie::stream
