#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/core/actor.hpp"
#include "actors/core/environment.hpp"
#include "actors/stream/png_parts.hpp"
#include "messages/interfaces.hpp"

namespace aerie {

/// The stream actor.
/// Job: a session's stream over the lives of its streamer: its state, one epoch a WebRTC peer (a
/// viewer has one for pictures, and one for sound if it asks), and the words between viewers and
/// streamer.
/// Owns: the session's epoch counter; which epoch is whose.
/// Sends: the session its state and messages for viewers; the VM words for the streamer.
/// Ends: with its session.
class Stream : public Actor<StreamActor> {
 public:
  Stream(caf::actor_config& config, EnvironmentPtr environment, SessionActor session,
         SharedValue<Profile> profile, std::uint64_t last_epoch, std::string subject = {},
         const Json& memory = nullptr);

  Behavior make_behavior() override;
  void on_exit() override { lose_screenshot(); }

 protected:
  [[nodiscard]] Json describe() const override;

 private:
  struct Peer {
    std::string viewer;
    std::string media;
    bool is_offered = false;
    bool is_answered = false;
    Instant offered_at{};
    bool is_players = false;          ///< it offered; answered: it has connected
    std::string encoder = {};         ///< makes its pictures, as the streamer said; empty: none yet
    std::string encoder_reason = {};  ///< why it is that one: a sentence
    std::optional<Duration> step_began = {};  ///< of its signaling, by this controller's clock
    std::uint64_t beside = 0;  ///< the viewer's peer that it is to replace once connected; 0: none
    bool is_replaced = false;  ///< another has taken over, and the streamer lets it go soon
    bool is_silent = false;    ///< the streamer hears nothing of it; until that was acted on
    std::optional<Duration> silent_at = {};
  };

  void recall(const Json& memory);
  [[nodiscard]] Json peers_json() const;
  void remember();
  void bind(const VmActor& vm);
  void on_child(const link::ChildNews& news);
  void on_says(const Json& body);
  void on_offer(std::uint64_t epoch, const Json& body);
  void on_peer_state(std::uint64_t epoch, const Json& body);
  void on_figures(const Json& body);
  void on_display(const Json& body);
  void tell_recovery(const std::string& viewer, Duration after);
  void measure(Peer& peer, SignalingStep step);
  void record(std::string kind, Json data);
  void on_guest_gone(const std::optional<Cause>& cause);
  void watch(const std::string& viewer, bool audio);
  void sound(const std::string& viewer, bool wanted);
  void open_epoch(const std::string& viewer, const std::string& media, std::uint64_t beside = 0);
  void close_epoch(std::uint64_t epoch);
  void close_epochs_of(const std::string& viewer);
  void forget_epochs();
  void on_answer(const std::string& viewer, const signaling::Answer& answer);
  void relay(const std::string& viewer, std::uint64_t epoch, const std::string& media, Json body);
  void on_answer_deadline(std::uint64_t epoch);
  void send_control();
  void enter(StreamState state, std::optional<Cause> cause = {},
             std::optional<Duration> retry_in = {});
  void show_state(Instant since);
  void tell_epochs();
  void tell_streamer(Json body);
  void tell_viewer(const std::string& viewer, Json message);
  void refuse(const std::string& viewer, const char* code, std::string message);
  [[nodiscard]] std::optional<std::uint64_t> epoch_of(const std::string& viewer,
                                                      const std::string& media) const;

  // stream_takeover.cpp: from one peer of a viewer to the next
  void renegotiate(const std::string& viewer, const std::string& media);
  void on_silent(std::uint64_t epoch);
  void on_connected(std::uint64_t epoch);
  [[nodiscard]] std::uint64_t kept_beside(std::uint64_t epoch);

  // stream_encoders.cpp: what makes their pictures
  void on_encoder(std::uint64_t epoch, const Json& body);

  // stream_players.cpp: viewers that offer
  void take_offer(const ViewerOffers& message);
  void on_player_says(std::uint64_t epoch, const std::string& type, const Json& body);
  void tell_lost(const std::string& viewer, const std::string& code, const std::string& reason);

  // stream_screenshots.cpp: pictures for whoever asks
  caf::result<ScreenshotTaken> take_screenshot();
  void ask_for_part();
  void on_screenshot(const Json& body);
  void on_screenshot_deadline(std::uint64_t number);
  void end_screenshot(const ScreenshotTaken& taken);
  void lose_screenshot();

  EnvironmentPtr environment_;
  SessionActor session_;
  SharedValue<Profile> profile_;
  const ChildSpec* child_;  ///< the profile's `stream` child; null: always `down`
  bool has_audio_;          ///< the profile has an `audio` child: the streamer can offer sound
  VmActor vm_;
  StreamStatus status_;
  std::map<std::uint64_t, Peer> peers_;                 ///< by epoch; only living ones
  std::map<std::string, bool> watchers_;                ///< viewer to whether audio was asked for
  std::map<std::string, std::string> encoder_reasons_;  ///< by viewer, as they were recorded last
  std::string controller_;                              ///< the viewer whose input counts
  std::string subject_;               ///< under which it remembers; empty: it does not
  bool is_recalled_ = false;          ///< and not bound to its VM yet
  std::vector<ActorFigure> figures_;  ///< what the streamer said last of how it fares
  std::optional<Duration> figures_at_;
  std::optional<Duration> lost_at_;  ///< its viewers have had no picture since
  Duration displays_since_{0};       ///< the second in which sizes are counted
  int displays_ = 0;
  PngParts screenshot_;  ///< as far as it has come
  std::uint64_t screenshot_number_ = 0;
  std::optional<Duration> screenshot_at_;  ///< when the last one was asked for
  std::vector<caf::typed_response_promise<ScreenshotTaken>> screenshot_waiters_;
};

}  // namespace aerie
