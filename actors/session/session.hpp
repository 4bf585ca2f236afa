#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/core/actor.hpp"
#include "actors/core/environment.hpp"
#include "actors/session/viewer_log.hpp"
#include "messages/interfaces.hpp"

namespace aerie {

/// What a session remembered under an earlier controller, by the part of the subject behind its id
/// and `/`: the session itself under the empty name, `stream`, and `viewer/ID/SEQ` for each message
/// kept. Empty for a new session.
using SessionMemories = std::map<std::string, Json>;

/// The session actor.
/// Job: the person's side: the session's state, viewers, control, holds, and the answer to every
/// proposal to retire it.
/// Owns: the session document, the viewers and their resumable logs, the stream actor, and the
/// consent without which nothing of its VM is deleted.
/// Sends: viewers' peers numbered messages; the ledger the document and events; the reaper answers.
/// Ends: once its VM is dismantled after a grant; or with its parent, the node.
class Session : public Actor<SessionActor> {
 public:
  Session(caf::actor_config& config, EnvironmentPtr environment,
          SharedValue<SessionDocument> document, const SharedValue<Profile>& profile,
          DisplaySize display, VmActor vm, caf::actor_addr parent = {},
          const SessionMemories& memories = {});

  Behavior make_behavior() override;
  void on_exit() override;

 protected:
  [[nodiscard]] Json describe() const override;

 private:
  struct Viewer {
    ViewerInfo info;
    std::string resume_digest;  ///< of the resume token
    bool is_operator = false;
    bool wants_audio = false;
    ViewerActor peer;                  ///< null while its socket is gone
    std::string resource;              ///< of a player (WHEP); empty: it has a socket
    PlayerActor player;                ///< the same as `peer`
    std::uint64_t recalled_epoch = 0;  ///< of a player of the controller before
    ViewerLog log;
    std::uint64_t expiry_ticket = 0;
    bool had_control = false;        ///< when its socket went; given back on resume if still free
    std::optional<Instant> gone_at;  ///< its socket
    std::vector<Json> unnumbered;    ///< for a viewer of the controller before, once it is back
  };
  struct KeptProposal {
    Proposal proposal;
    Instant until{};
    bool is_written = true;  ///< the next controller knows of it
  };
  struct OpenProposal {
    Proposal proposal;
    std::set<std::string> undecided;  ///< viewers asked who have not answered
    std::uint64_t ticket = 0;
    Instant until{};  ///< silence is consent from then on
  };
  /// What belongs to a log-in besides its place in the document.
  struct LoginWork {
    std::string child;  ///< of the profile
    bool is_agent_ready = false;
    std::uint64_t begun = 0;        ///< the last attempt that the agent was told of
    std::uint64_t ticket = 0;       ///< of the attempt's deadline
    std::vector<SealedFile> files;  ///< as far as they have come
    std::size_t bytes = 0;          ///< of all parts
    int changes = 0;                ///< that the agent told of this attempt
    bool is_being_kept = false;     ///< the vault has them and has not answered
    Rare<Proposal> refused;         ///< waits for the log-in, or for the credential's owner
  };

  // session.cpp: the guest's side and the session's state
  void on_vm_changed(const VmChanged& changed);
  void on_vm_finished(const VmFinished& finished);
  void on_dismantled(const VmDismantled& dismantled);
  void on_salvaged(const VmSalvaged& salvaged);
  void end_when_dismantled();
  void on_stream_ended();
  void on_child(const link::ChildNews& news);
  void tell_trouble(const std::string& child, const Cause& cause);
  void replace_vm(const Cause& cause);
  void take_fresh_vm(const VmGiven& given);
  void on_stream_news(const StreamNews& news);
  void on_display(const StreamDisplay& display);
  void reach(Stage stage);
  void enter(SessionState state);
  void fail(const Cause& cause);
  void end_viewers();
  void on_timer(std::uint64_t ticket);
  void on_start_deadline();
  void on_stream_deadline();
  /// `event`: what made the document as it is.
  void publish(std::optional<Event> event = std::nullopt);
  void record(std::string kind, Json data);
  [[nodiscard]] Event event_of(std::string kind, Json data) const;
  std::uint64_t set_timer(Duration after);

  // session_face.cpp: what operators see of it
  void show_face();

  // session_memory.cpp: under the next controller
  void remember();
  void remember_message(const std::string& viewer, const Json& message, std::uint64_t first_before,
                        std::uint64_t first_after);
  void forget_messages(const std::string& viewer);
  void recall(const SessionMemories& memories);
  void recall_viewers(const Json& viewers, const SessionMemories& memories);
  void go_on();
  void propose_again();

  // session_deadlines.cpp: when it ends by itself
  [[nodiscard]] std::optional<Instant> idle_deadline() const;
  void expect_ends();

  // session_login.cpp: the log-in
  void on_login_child(const link::ChildNews& news);
  void on_login_says(const VmLoginSays& says);
  void on_login_news(const link::LoginNews& news);
  void take_credential_part(const link::CredentialPart& part);
  void keep_credential();
  void on_credential_kept(const CredentialKept& kept);
  void on_credential_handed_over();
  void on_login_deadline();
  void begin_login();
  void enter_login(LoginState state, std::optional<Cause> cause = std::nullopt);
  void tell_login();
  LoginAnswer cancel_login(const CancelLogin& wish);
  LoginAnswer retry_login(const RetryLogin& wish);
  void lose_login_agent(const Cause& cause);
  void go_on_with_login();
  [[nodiscard]] bool is_login_under_way() const;
  [[nodiscard]] Json login_message() const;
  /// Until when the log-in keeps the session, and why.
  [[nodiscard]] std::optional<std::pair<Instant, std::string>> login_keeps() const;
  [[nodiscard]] bool refuse_for_login(const Proposal& proposal);
  void consider_again_after_login();
  void touch();

  // session_viewers.cpp: viewers and control
  Joined join(const Join& request);
  Joined resume(const Join& request);
  Viewer& admit(const Join& request);
  void make_room();
  void forget_viewer(const std::string& id);
  void end_viewer(Viewer& viewer);
  void tell_present_state(Viewer& viewer);
  /// `resumed_at`: the last seq that a resuming viewer has seen.
  void welcome(Viewer& viewer, std::optional<std::uint64_t> resumed_at,
               const std::string& resume_token);
  void says(const ViewerSays& said);
  void wish_audio(Viewer& viewer, bool wanted);
  void handle_control(const std::string& id, const signaling::Control& control);
  void leave(const ViewerGone& gone);
  void give_control(const std::string& id);
  void announce_viewers();
  void announce_control();
  void deliver(Viewer& viewer, Json message);
  void deliver_to(const std::string& id, Json message);
  void on_stream_says(const StreamToViewer& said);
  void broadcast(const Json& message);
  void refuse(const std::string& id, const char* code, std::string message, const char* field = "");
  [[nodiscard]] std::size_t connected() const;
  /// Those that can be asked whether the session may go.
  [[nodiscard]] std::size_t who_can_answer() const;
  [[nodiscard]] Json state_message() const;
  /// With `largest` where the viewer in control may change it.
  [[nodiscard]] Json display_json() const;
  [[nodiscard]] Json stream_message() const;

  // session_players.cpp: viewers by WHEP
  caf::result<PlayerOpened> open_player(const OpenPlayer& wish);
  caf::result<PlayerAnswer> add_candidates(const PlayerCandidates& message);
  caf::result<PlayerAnswer> close_player(const ClosePlayer& message);
  [[nodiscard]] PlayerActor find_player(const std::string& resource) const;
  void go_on_with_player(Viewer& viewer);

  // session_retirement.cpp: the negotiation
  void consider(const Proposal& proposal);
  void ask_viewers(const Proposal& proposal);
  void ask_newcomer(Viewer& viewer);
  [[nodiscard]] bool answer_untimely(const Proposal& proposal);
  ReleaseAllowed may_release(const std::string& vm);
  void dismantle_vm();
  void write_tombstone_while_held();
  void hold_back(const Proposal& proposal);
  void dismantle_former_vms();
  void keep(const std::string& id, const signaling::Keep& keep);
  void release(const std::string& id, const signaling::Release& release);
  void grant(const Proposal& proposal, const std::string& who, const std::string& why);
  void answer(const Proposal& proposal, RetireAnswer kind, const std::string& who,
              const std::string& why, std::optional<Instant> until = {});
  caf::result<HoldAnswer> set_hold(const Hold& hold);
  caf::result<HoldAnswer> clear_hold(const std::string& name);
  caf::result<HoldAnswer> answer_when_written(const Hold& hold);

  EnvironmentPtr environment_;
  caf::actor_addr parent_;
  Duration retire_within_;  ///< the deadline of `retiring`
  SharedValue<SessionDocument> document_;
  Duration stream_within_{0};  ///< the deadline of the stream's `starting` and `restarting`
  DisplaySize display_;
  std::string stream_child_;    ///< empty: the profile has none
  bool has_audio_ = false;      ///< the guest's programs can be heard
  Rare<LoginWork> login_work_;  ///< none: the profile has no log-in
  VmActor vm_;
  StreamActor stream_;
  std::map<std::string, Viewer> viewers_;
  std::string controller_;  ///< id of the viewer in control; empty: nobody
  std::vector<std::string> control_requests_;
  Rare<OpenProposal> proposal_;
  Rare<KeptProposal> kept_;
  Rare<Proposal> held_;  ///< waits for the last hold to be cleared
  Rare<Proposal> granted_;
  std::optional<Instant> unwatched_since_;         ///< when the last connected viewer left
  std::optional<Instant> kept_until_;              ///< the end of a keep that is over
  std::map<RetireReason, Instant> expected_ends_;  ///< what the reaper was told last
  Rare<Cause> stream_cause_;                       ///< why the stream is as it is
  std::map<std::string, Cause> troubles_;  ///< of children that are not well, but the stream's
  Rare<std::pair<std::string, Cause>> told_trouble_;  ///< the last that viewers heard of
  Rare<Cause> replaced_for_;                          ///< why the first guest was lost
  std::set<std::string> former_vms_;                  ///< replaced, and not dismantled yet
  bool is_guest_finished_ = false;                    ///< nothing of the present VM runs
  std::set<std::string> releasing_;  ///< VMs that were allowed to give back what they hold
  std::set<std::uint64_t> living_epochs_;
  bool is_recalled_ = false;  ///< begun under an earlier controller
  bool is_over_ = false;      ///< it only waits for its stream's end
  std::string remembered_;    ///< digest of what was last remembered
  std::optional<SessionState> shown_state_;
  Instant state_since_{};
  std::uint64_t next_ticket_ = 1;
  std::uint64_t start_ticket_ = 0;
  std::uint64_t retire_ticket_ = 0;
  std::uint64_t stream_ticket_ = 0;
};

}  // namespace aerie
