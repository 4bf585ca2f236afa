#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "guest/stream/event_loop.hpp"
#include "guest/stream/pipeline.hpp"
#include "guest/stream/probe/probe_sdp.hpp"

namespace aerie::stream {

/// What the doctor's page asks of it.
struct ProbeRequest {
  std::string offer;  ///< a browser's, of one data channel, with all its candidates
  Transport transport = Transport::udp;
  std::vector<IceServer> ice_servers;
  std::string public_address;  ///< IPv4; empty: none
};

/// Reads `{offer, transport, iceServers, publicAddress}`. Errors: `link-violation`.
[[nodiscard]] Result<ProbeRequest> parse_probe_request(const Json& json);

/// The other end of the doctor's test of the network: a peer without pictures, with the streamer's
/// ICE agent and candidates, that answers one offer of a browser. Lives on the loop's thread.
class IceProbe : public std::enable_shared_from_this<IceProbe> {
 public:
  /// On the loop's thread; one of them once, `closed` perhaps after `answer`.
  struct Events {
    std::function<void(const std::string& sdp)> answer;  ///< with all candidates of this side
    std::function<void(const Cause& cause)> failed;      ///< of the offer: `link-violation`
    std::function<void()> closed;                        ///< by the browser
  };

  /// Errors: `link-violation` for the offer, `plugin-missing`.
  [[nodiscard]] static Result<std::shared_ptr<IceProbe>> start(EventLoop& loop,
                                                               const ProbeRequest& request,
                                                               Events events);
  IceProbe(const IceProbe&) = delete;
  IceProbe& operator=(const IceProbe&) = delete;
  ~IceProbe();

 private:
  struct Home;
  IceProbe(EventLoop& loop, Pipeline pipeline, ProbeRequest request, Events events);
  [[nodiscard]] std::optional<Cause> begin();
  void answer();
  void answer_made(GstPtr<GstWebRTCSessionDescription> answer);
  void gathered();
  void state_changed(GstWebRTCPeerConnectionState state);
  void fail(Cause cause);

  static void on_candidate(GstElement*, guint line, gchar* candidate, gpointer home);
  static void on_gathering(GstElement* webrtc, GParamSpec*, gpointer home);
  static void on_state(GstElement* webrtc, GParamSpec*, gpointer home);

  EventLoop& loop_;
  ProbeRequest request_;
  Events events_;
  Pipeline pipeline_;
  GstPtr<GstElement> webrtc_;
  std::string description_;  ///< our answer, without candidates
  std::vector<std::string> candidates_;
  EventSource gather_deadline_;
  bool is_answered_ = false;
};

/// `--network-test`: answers the request on standard input with a line `{"answer":SDP}` or
/// `{"failure":CAUSE}` on standard output, and stays until the browser hangs up, half a minute
/// at most. The exit status.
[[nodiscard]] int run_network_test();

}  // namespace aerie::stream
