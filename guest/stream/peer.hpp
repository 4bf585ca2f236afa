#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "guest/stream/answer_sdp.hpp"
#include "guest/stream/control_messages.hpp"
#include "guest/stream/data_channels.hpp"
#include "guest/stream/event_loop.hpp"
#include "guest/stream/fan_out.hpp"
#include "guest/stream/files/file_channel.hpp"
#include "guest/stream/own_certificate.hpp"
#include "guest/stream/pipeline.hpp"
#include "guest/stream/player_offer.hpp"
#include "guest/stream/send_control.hpp"
#include "guest/stream/webrtc_parts.hpp"

namespace aerie::stream {

/// One viewer: a webrtcbin in a pipeline of its own, which offers a video track and two data
/// channels, or answers a player that offers to receive a video. Whatever goes wrong in it ends
/// this peer only. Lives on the loop's thread.
class Peer : public std::enable_shared_from_this<Peer> {
 public:
  /// All on the loop's thread, none after `failed` or `closed`, none after the peer's end.
  struct Events {
    std::function<void(const std::string& sdp)> offer;
    std::function<void(const std::string& sdp)> answer = {};  ///< with all candidates
    std::function<void(const std::string& candidate, unsigned line)> candidate;
    std::function<void()> connected;
    std::function<void()> first_frame;  ///< the first RTP packet went out
    std::function<void(const std::string& reason)> failed;
    std::function<void()> closed;  ///< by the viewer
    std::function<void()> key_wanted;
    std::function<void()> input_opened;
    std::function<void(ViewerMessage)> message;
    std::function<void(std::chrono::microseconds)> round_trip;  ///< as the viewer reported it
    /// What the network takes is estimated anew. Empty: no rate is controlled.
    std::function<void()> rate_changed = {};
    std::function<void()> frame_wanted = {};  ///< the present picture, once more
    std::function<void()> silent = {};  ///< nothing is heard of the viewer; with `rate_changed`
  };

  /// Starts negotiation; the offer comes as an event, or the answer to a player's.
  [[nodiscard]] static Result<std::shared_ptr<Peer>> create(
      EventLoop& loop, const MediaClock& clock, const Configure& configuration, Events events,
      std::optional<PlayerOffer> player = std::nullopt);
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer();

  [[nodiscard]] bool has_ended() const { return ended_; }

  void answer(const std::string& sdp);
  /// At most 64 of them are kept before the answer; an empty one ends them.
  void add_candidate(const std::string& candidate, unsigned line);
  /// The picture needs more, or less, at its best: bit/s.
  void set_most_bitrate(int bitrate);
  /// Has the newest round trip told, if there is one.
  void measure();

  /// What the answer took, and where its access units go in; empty before `connected`.
  [[nodiscard]] Codec codec() const { return video_.codec; }
  [[nodiscard]] const std::shared_ptr<PeerFeed>& feed() const { return feed_; }
  /// How fast it sends; empty where the viewer gives no transport-wide feedback.
  [[nodiscard]] const std::shared_ptr<SendControl>& send_control() const { return send_control_; }

  /// Null for a player, which has none.
  [[nodiscard]] DataChannels* channels() { return channels_.get(); }
  /// Null for a player, and where no files are carried.
  [[nodiscard]] const std::shared_ptr<FileChannel>& files() const { return files_; }

 private:
  using Home = PeerHome<Peer>;

  Peer(EventLoop& loop, Pipeline pipeline, int most_bitrate, Events events,
       std::optional<PlayerOffer> player);

  [[nodiscard]] Home home();
  [[nodiscard]] std::optional<Cause> start(const Configure& configuration);
  void listen();
  [[nodiscard]] bool open_channels(bool with_files);
  void make_offer();
  void offer_made(GstPtr<GstWebRTCSessionDescription> offer);
  void answer_taken();
  [[nodiscard]] bool take_player_offer();
  void make_answer();
  void answer_made(GstPtr<GstWebRTCSessionDescription> answer);
  void tell_answer();
  void await_connection();
  [[nodiscard]] bool attach_video();
  void state_changed(GstWebRTCPeerConnectionState state);
  void end(const std::string& reason);
  void broken(const std::string& error);
  void viewer_closed();

  static void on_ice_candidate(GstElement*, guint line, gchar* candidate, gpointer home);
  static void on_state(GstElement* webrtc, GParamSpec*, gpointer home);
  static void on_dtls_state(GstElement* dtls, GParamSpec*, gpointer home);
  static void on_gathering(GstElement* webrtc, GParamSpec*, gpointer home);
  static GstPadProbeReturn on_upstream(GstPad*, GstPadProbeInfo* info, gpointer home);
  static GstPadProbeReturn on_packet(GstPad*, GstPadProbeInfo*, gpointer home);

  EventLoop& loop_;
  Events events_;
  Pipeline pipeline_;
  GstPtr<GstElement> webrtc_;
  std::vector<GstPtr<GstElement>> dtls_;  ///< once connected
  std::optional<OwnCertificate> certificate_;
  std::shared_ptr<DataChannels> channels_;
  std::shared_ptr<FileChannel> files_;
  std::optional<PlayerOffer> player_;        ///< none: we offer
  std::string own_answer_;                   ///< to the player, until it is told
  std::vector<std::string> own_candidates_;  ///< of the answer
  EventSource gathering_deadline_;
  EventSource checks_due_;
  RemoteCandidates candidates_;  ///< wait until webrtcbin has the answer, and may begin with checks
  AcceptedVideo video_;
  std::shared_ptr<PeerFeed> feed_;
  std::shared_ptr<SendControl> send_control_;
  int most_bitrate_;
  EventSource connect_deadline_;
  bool answered_ = false;  ///< an answer was given
  bool connected_ = false;
  bool ended_ = false;
};

}  // namespace aerie::stream
