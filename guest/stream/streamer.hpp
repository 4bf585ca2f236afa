#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "guest/stream/audio_broadcast.hpp"
#include "guest/stream/control_channel.hpp"
#include "guest/stream/control_messages.hpp"
#include "guest/stream/desktop.hpp"
#include "guest/stream/encoder_chooser.hpp"
#include "guest/stream/event_loop.hpp"
#include "guest/stream/fan_out.hpp"
#include "guest/stream/files/file_desk.hpp"
#include "guest/stream/media_clock.hpp"
#include "guest/stream/peer.hpp"
#include "guest/stream/recording.hpp"
#include "guest/stream/screen_capture.hpp"
#include "guest/stream/screenshots.hpp"
#include "guest/stream/warm_up.hpp"

namespace aerie::stream {

/// The whole streamer, on the loop's thread: obeys the supervisor, ties capture, encoders, peers
/// and the desktop's input together. One object a process (or a test).
class Streamer {
 public:
  /// `finished` is called once, with the exit status: 0 when the supervisor closed the control
  /// socket, 1 when something failed; then `failure` was said before. The loop must not run on
  /// after the streamer's end.
  Streamer(EventLoop& loop, UniqueFd control, std::function<void(int status)> finished);
  ~Streamer();
  Streamer(const Streamer&) = delete;
  Streamer& operator=(const Streamer&) = delete;

 private:
  void received(const Json& message);
  void handle(const Configure& configuration);
  void handle(const AddPeer& add);
  void handle(const Answer& answer);
  void handle(const Candidate& candidate);
  void handle(const RemovePeer& remove);
  void handle(const GiveControl& give);
  void handle(const Ping& ping);
  void handle(const AskScreenshot& asked);

  [[nodiscard]] std::optional<Cause> start(const Configure& configuration);
  [[nodiscard]] std::optional<Cause> open_desktop();
  [[nodiscard]] std::optional<Cause> start_capture(const Configure& configuration);
  [[nodiscard]] Peer::Events peer_events(Epoch epoch);
  void peer_connected(Epoch epoch);
  void input_opened(Epoch epoch);
  void viewer_said(Epoch epoch, const ViewerMessage& message);
  void say_peer(Epoch epoch, std::string_view state, const std::string& reason = {});
  void refuse_offer(Epoch epoch, const std::string& reason);
  void drop_peer(Epoch epoch);
  void encoder_failed(Codec codec, const Cause& cause);
  void key_wanted(Codec codec);
  void plan_rates();
  void tell_figures();
  void resized(int width, int height);
  // streamer_extras.cpp: beside the stream itself
  void follow_size(int width, int height);
  void open_files();
  [[nodiscard]] FilePace::Network network_of(Epoch epoch) const;
  void make_recording();
  void record(DataChannels& asker, const RecordRequest& request);
  void tell_recording(bool on, const std::string& problem);
  void fail(const Cause& cause);
  void finish(int status);

  // streamer_takeover.cpp: from a viewer's peer to the one beside it
  void take_over(Epoch epoch);
  [[nodiscard]] bool has_control(Epoch epoch) const;

  // streamer_codecs.cpp
  [[nodiscard]] std::optional<Cause> take_configured_codecs();
  void say_encoder(Epoch epoch, Codec codec);

  // streamer_audio.cpp
  void open_audio(const Configure& configuration);

  EventLoop& loop_;
  std::function<void(int)> finished_;
  std::optional<Ping> unanswered_;  ///< until this is awake
  WarmUp warm_up_;
  EncoderChooser chooser_;
  std::jthread encoder_trials_;  ///< of hardware; software is used until they are done
  ControlChannel control_;
  MediaClock clock_;
  std::optional<Configure> configuration_;
  std::unique_ptr<ScreenCapture> capture_;
  std::unique_ptr<FanOut> fan_out_;
  std::unique_ptr<Desktop> desktop_;
  std::unique_ptr<AudioBroadcast> audio_;
  struct Viewer {
    std::shared_ptr<Peer> peer;
    CursorCache cursors;
    std::optional<std::chrono::microseconds> round_trip;
    std::optional<Epoch> beside;  ///< the same viewer's peer before, while both live
    EventSource goes;             ///< once another has taken over
  };
  std::map<Epoch, Viewer> peers_;
  std::unique_ptr<FileDesk> files_;       ///< null: no files are carried
  std::unique_ptr<Recording> recording_;  ///< null where no files are carried
  Screenshots screenshots_;
  std::optional<Epoch> holder_;  ///< whose input counts
  std::map<Codec, EventSource> key_pauses_;
  std::pair<int, int> announced_size_;
  EventSource figures_timer_;  ///< while somebody watches
  std::chrono::steady_clock::time_point figures_since_;
  bool was_still_ = true;  ///< nothing was encoded when figures were last told
  bool done_ = false;
};

}  // namespace aerie::stream
