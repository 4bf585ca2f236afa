#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "messages/event.hpp"
#include "messages/link.hpp"
#include "messages/session.hpp"
#include "messages/signaling.hpp"

/// Every actor of the controller and of the guest's supervisor, and every message between them.
/// This is the architecture; `ARCHITECTURE.md` draws the tree.

namespace aerie {

struct HttpRequest;
struct StoreBatch;

// == answers =====================================================================================

/// Done, or why not.
struct Saved {
  std::optional<Cause> failure;
};

// == the supervisor actor ========================================================================
// Generic: keeps children alive by OTP's rules. Its children are actors in the controller and
// processes in the guest; a `ChildHost` starts and stops them and reports back.

struct StartChildren {};
struct ChildStarted {
  std::string child;
  std::uint64_t run = 0;  ///< counts the child's starts; reports of an earlier run are ignored
  std::int64_t pid = 0;
};
struct ChildReady {
  std::string child;
  std::uint64_t run = 0;
};
struct ChildExited {
  std::string child;
  std::uint64_t run = 0;
  ExitRecord exit;
};
struct RestartOneChild {
  std::string child;
  std::string by;
};
struct KillOneChild {
  std::string child;
  int signal = 9;
  std::string by;
};
struct StopChildren {
  std::string by;
};
/// A timer of the supervisor's own: the moment `ticket` was set for has come.
struct SupervisorTimer {
  std::uint64_t ticket = 0;
};

using SupervisorActor = caf::typed_actor<
    /// Starts every child in order, each when the one before it is ready.
    caf::reacts_to<StartChildren>,
    /// A child runs; it is not ready yet.
    caf::reacts_to<ChildStarted>,
    /// A child's ready condition came true.
    caf::reacts_to<ChildReady>,
    /// A child ended; decides what follows. Sent with high priority.
    caf::reacts_to<ChildExited>,
    /// Restarts a child because somebody asked.
    caf::reacts_to<RestartOneChild>,
    /// Sends a signal to a child because somebody asked; what follows is up to its restart type.
    caf::reacts_to<KillOneChild>,
    /// Stops the children in reverse order, then ends.
    caf::reacts_to<StopChildren>,
    /// A back-off, ready deadline or grace has passed.
    caf::reacts_to<SupervisorTimer>>;

// == the ledger actor ============================================================================
// Remembers everything that exists or happened, in memory and, through the store, on disk.

/// Who receives events as they are numbered. `reader` tells the subscriptions of one actor apart.
struct Recorded {
  std::uint64_t reader = 0;
  EventPtr event;
};
using EventReaderActor = caf::typed_actor<caf::reacts_to<Recorded>>;

struct RecordEvent {
  Event event;  ///< without `seq`
};
struct SaveSession {
  SessionDocumentPtr document;
};
struct UpdateSession {
  SessionDocumentPtr document;
  /// What made it so, recorded in the same transaction: none is ever there without the other.
  std::optional<Event> event = std::nullopt;
};
struct UpdateVm {
  VmDocumentPtr document;
};
struct ForgetVm {
  std::string vm;
};
struct AcquireResources {
  std::vector<SharedValue<Resource>> resources;
};
struct ReleaseResource {
  Resource resource;
};
struct FindSession {
  std::string id;
};
struct SessionFound {
  SessionDocumentPtr document;  ///< null: there is none
};
struct ListSessions {
  std::optional<SessionState> state;
  std::optional<std::string> user_id;
  std::map<std::string, std::string> labels;
  std::size_t limit = 100;
  std::string after;  ///< the last id of the page before; empty: from the newest
};
struct SessionList {
  std::vector<SessionDocumentPtr> sessions;  ///< newest first
  std::string next;                          ///< for `after`; empty at the end
};
struct ListVms {};
struct VmList {
  std::vector<VmDocumentPtr> vms;
};

/// What a bearer token of a session allows.
enum class TokenUse { session, watch };
struct SaveToken {
  std::string digest;  ///< SHA-256 of the token, lower-case hexadecimal
  std::string session;
  TokenUse use = TokenUse::session;
  std::optional<Instant> until;
};
struct FindToken {
  std::string digest;
};
struct TokenFound {
  std::string session;  ///< empty: no such token, or it has run out
  TokenUse use = TokenUse::watch;
};
struct AskWhy {
  std::string id;  ///< of a session or VM, or `SESSION/CHILD`
};
struct WhyAnswer {
  std::optional<Json> why;  ///< contract, section 7; none: unknown id
  std::string session;      ///< the session it belongs to, for the check of a session token
};
struct Subscribe {
  EventReaderActor reader;
  std::uint64_t number = 0;            ///< comes back as `Recorded::reader`
  std::optional<std::uint64_t> since;  ///< none: live only
  std::string session;                 ///< only this session's; empty: all
};
struct Subscribed {
  std::optional<std::uint64_t> gap;  ///< `since` is no longer kept: the oldest seq that is
};
struct Unsubscribe {
  EventReaderActor reader;
  std::uint64_t number = 0;
};
/// What an actor needs to go on under the next controller, in place of what it said before.
struct Remember {
  std::string subject;  ///< an id, with `/` and a part's name where one actor has several
  /// JSON text, as it is written down; empty: strikes the subject out, and all that begins with it
  /// and `/`.
  std::string state;
};
/// What there is to know of a session is to be on disk before anything of it is deleted. May be
/// asked again at any time; a later one takes the place of the one before.
struct WriteTombstone {
  std::string session;
  std::string vm;  ///< whose console is part of it
};
struct ListResources {
  std::string vm;  ///< empty: of all
};
struct ResourceList {
  std::vector<Resource> resources;  ///< not released, in order of acquisition
};
/// Space is wanted: the oldest tombstone that nobody holds may go before its time.
struct DropOldestTombstone {};
struct TombstoneDropped {
  std::string session;  ///< empty: none may go
  std::int64_t bytes = 0;
  std::optional<Cause> failure;  ///< it should have gone, and could not
};
/// The newest events that are kept in memory.
struct ListEvents {
  std::string subject;  ///< a session's or VM's id; empty: all
  std::size_t most = 1000;
};
struct EventList {
  std::vector<EventPtr> events;  ///< oldest first
};
/// Holds of a session whose actor is gone.
struct HoldEnded {
  std::string session;
  Hold hold;
};
struct UnholdEnded {
  std::string session;
  std::string name;
};
struct HoldAnswer {
  std::optional<Hold> hold;  ///< none: there was no such hold
  /// With a hold: it stands, but could not be written down, so the next controller would know
  /// nothing of it. Without: why it can't be set.
  std::optional<Cause> failure = std::nullopt;
};
/// A VM's last question before its first release: consent of before may be void by a hold. To its
/// owner, or to the ledger where that is gone.
struct MayRelease {
  std::string vm;
};
struct ReleaseAllowed {
  bool is_allowed = false;  ///< if not, another `DismantleVm` follows when it is
};
struct FindVm {
  std::string id;
};
struct VmFound {
  VmDocumentPtr document;      ///< null: it is gone, or never was
  SessionDocumentPtr session;  ///< whose guest it is or was; null: nobody's
};
/// The store has finished a batch.
struct StoreFinished {
  std::uint64_t batch = 0;
  std::optional<Cause> failure;
  std::shared_ptr<StoreBatch> unwritten;  ///< with a failure: what was not written
};
/// Another thread has done what the ledger had asked of it under this number.
struct LedgerWorkDone {
  std::uint64_t number = 0;
  std::optional<Cause> failure;
  std::int64_t bytes = 0;        ///< of a tombstone
  Json why;                      ///< as a tombstone tells it; null: it does not know
  std::vector<EventPtr> events;  ///< a page of older ones
};
struct LedgerTimer {
  std::uint64_t ticket = 0;
};
/// The ledger's last word: everything sent to it before has been heard.
struct CloseLedger {};
struct AskStoreHealth {};

using LedgerActor = caf::typed_actor<
    /// Numbers an event, keeps it and passes it on to the readers.
    caf::reacts_to<RecordEvent>,
    /// Writes a new session, or what must not be lost of one; answers when it is on disk.
    caf::replies_to<SaveSession>::with<Saved>,
    /// Replaces a session's document.
    caf::reacts_to<UpdateSession>, caf::reacts_to<UpdateVm>, caf::reacts_to<ForgetVm>,
    /// Writes resources down before they are acquired; answers when that is on disk.
    caf::replies_to<AcquireResources>::with<Saved>,
    /// Strikes a resource out after it was released.
    caf::reacts_to<ReleaseResource>, caf::replies_to<ListResources>::with<ResourceList>,
    caf::replies_to<FindSession>::with<SessionFound>,
    caf::replies_to<ListSessions>::with<SessionList>, caf::replies_to<ListVms>::with<VmList>,
    /// Remembers a token by its digest.
    caf::reacts_to<SaveToken>, caf::replies_to<FindToken>::with<TokenFound>,
    /// Explains a session, VM or child, alive or gone.
    caf::replies_to<AskWhy>::with<WhyAnswer>,
    /// Sends the events after `since`, then each new one. A reader that ends is forgotten.
    caf::replies_to<Subscribe>::with<Subscribed>, caf::reacts_to<Unsubscribe>,
    caf::replies_to<ListEvents>::with<EventList>,
    /// Answers when the tombstone is on disk, and that is written down; `disk-full` or
    /// `store-failed` where it is not: then nothing may be deleted.
    caf::replies_to<WriteTombstone>::with<Saved>,
    /// Keeps what an actor will need under the next controller.
    caf::reacts_to<Remember>,
    /// Deletes one tombstone with what is known of its session; answers when it is gone.
    caf::replies_to<DropOldestTombstone>::with<TombstoneDropped>,
    /// Sets or clears a hold of a session that is over; answers when that is on disk.
    caf::replies_to<HoldEnded>::with<HoldAnswer>, caf::replies_to<UnholdEnded>::with<HoldAnswer>,
    /// From a granted answer on no hold of its session is accepted until the guest is forgotten.
    caf::replies_to<MayRelease>::with<ReleaseAllowed>, caf::replies_to<FindVm>::with<VmFound>,
    caf::reacts_to<StoreFinished>, caf::reacts_to<LedgerWorkDone>, caf::reacts_to<LedgerTimer>,
    caf::reacts_to<CloseLedger>,
    /// Answers with what is wrong with the store, if anything.
    caf::replies_to<AskStoreHealth>::with<Saved>>;

// == the VM actor ================================================================================
// Owns one guest: its machine (a driver's), its link, its resources and its children's news.

/// A guest program or VMM has been started by its driver.
struct MachineStarted {
  std::int64_t pid = 0;  ///< as this host sees it
};
/// The machine itself has come so far: `kernel`, `userland`.
struct MachineReached {
  Stage stage = Stage::kernel;
};
/// The link's handshake is done.
struct MachineLinked {};
struct MachineFailed {
  Cause cause;
};
/// A validated message of the guest, with pids already in this host's numbering.
struct GuestSays {
  link::GuestMessage message;
};
struct LinkLost {
  Cause cause;
};
/// The guest's first process or VMM was seen to end.
struct MachineExited {
  ExitRecord exit;
};
/// A resource was given back, or could not be.
struct MachineReleased {
  Resource resource;
  std::optional<Cause> failure;
};
/// The guest's network was looked at, for its media did not flow.
struct MachineNetwork {
  std::optional<Cause> failure;  ///< none: it works again
};
/// What came of a wish to halt the machine's processors, or to let them go on.
struct MachinePaused {
  bool is_paused = false;
  std::optional<Cause> failure;  ///< none: it is done
};
struct StartVm {};
struct SendStream {
  Json body;
};
/// Begins or cancels an attempt to log in.
struct SendLogin {
  link::LoginOrder order;
};
struct RestartGuestChild {
  std::string child;
  std::string by;
};
struct KillGuestChild {
  std::string child;
  int signal = 9;
  std::string by;
};
/// Halts the guest's processors, memory and devices kept as they are, or lets them go on. Only of a
/// guest that is `ready`; one that is stopped, or adopted, goes on by itself.
struct PauseVm {
  bool is_paused = true;
  std::string by;
};
struct VmPaused {
  std::optional<Cause> failure;
};
/// The owner's consent to the deletion of what it owns; void for any other VM.
struct ReleaseToken {
  std::string session;
  std::string vm;
  std::string proposal;
  bool is_orphan = false;  ///< its session's actor is gone, nobody holds it: nobody is asked again
};
struct StopVm {
  std::string by;
  bool at_once = false;  ///< kill instead of asking the children
};
/// Deletes what the VM holds, in the reverse order; only with the owner's token.
struct DismantleVm {
  ReleaseToken token;
};
struct VmTimer {
  std::uint64_t ticket = 0;
};

// What a VM tells its session.
struct VmChanged {
  std::string vm;
  VmState state = VmState::preparing;
  std::optional<std::int64_t> pid;
  std::optional<Cause> cause;
  bool is_paused = false;
};
struct VmStageReached {
  std::string vm;
  Stage stage = Stage::allocated;
};
struct VmChildNews {
  std::string vm;
  link::ChildNews news;
};
struct VmStreamSays {
  std::string vm;
  Json body;
};
/// What the log-in agent says: where an attempt stands, or a part of its credential.
struct VmLoginSays {
  std::string vm;
  std::variant<link::LoginNews, link::CredentialPart> words;
};
struct VmFinished {
  std::string vm;
  std::optional<Cause> cause;
};
struct VmDismantled {
  std::string vm;
};

/// Whoever owns a VM: a session, or the node for a guest of the warm pool.
using VmOwnerActor = caf::typed_actor<
    caf::reacts_to<VmChanged>, caf::reacts_to<VmStageReached>, caf::reacts_to<VmChildNews>,
    caf::reacts_to<VmStreamSays>, caf::reacts_to<VmLoginSays>, caf::reacts_to<VmFinished>,
    caf::reacts_to<VmDismantled>, caf::replies_to<MayRelease>::with<ReleaseAllowed>>;

/// A warm guest gets its session.
struct AssignVm {
  std::string session;
  std::string url;
  Duration max_age{0};
  VmOwnerActor owner;
};

using VmActor = caf::typed_actor<
    /// Acquires the resources, written down first, and starts the machine.
    caf::reacts_to<StartVm>, caf::reacts_to<MachineStarted>, caf::reacts_to<MachineReached>,
    caf::reacts_to<MachineLinked>, caf::reacts_to<MachineFailed>, caf::reacts_to<GuestSays>,
    caf::reacts_to<LinkLost>,
    /// Sent with high priority.
    caf::reacts_to<MachineExited>, caf::reacts_to<MachineReleased>, caf::reacts_to<MachineNetwork>,
    /// Hands a warm guest over; its news go to the new owner, beginning with where it stands.
    caf::reacts_to<AssignVm>,
    /// Passes words to the streamer.
    caf::reacts_to<SendStream>, caf::reacts_to<SendLogin>, caf::reacts_to<RestartGuestChild>,
    caf::reacts_to<KillGuestChild>,
    /// Answered once it is done, or failed.
    caf::replies_to<PauseVm>::with<VmPaused>, caf::reacts_to<MachinePaused>,
    /// Stops the guest; deletes nothing.
    caf::reacts_to<StopVm>, caf::reacts_to<DismantleVm>, caf::reacts_to<VmTimer>>;

// == the peer actor ==============================================================================
// One WebSocket: reads, bounds and answers what the client says, and passes on what is meant for
// it.

struct SocketText {
  std::string text;
};
struct SocketTooLarge {};
struct SocketClosed {
  std::uint16_t code = 0;
};
/// A numbered message for the client.
struct Deliver {
  Json message;
};
/// Ends the socket after what was delivered before.
struct Hang {
  std::uint16_t code = 1000;
  std::string reason;
};

/// Whom a session tells what is meant for a viewer.
using ViewerActor = caf::typed_actor<caf::reacts_to<Deliver>, caf::reacts_to<Hang>>;

using PeerActor = ViewerActor::extend<caf::reacts_to<SocketText>, caf::reacts_to<SocketTooLarge>,
                                      caf::reacts_to<SocketClosed>>;

// == the player actor ============================================================================
// One viewer by WHEP: its socket is an HTTP resource, and it is the one who offers.

/// A player wants pictures. To the session, which makes it a viewer and a resource.
struct OpenPlayer {
  std::string offer;         ///< a session description
  bool is_operator = false;  ///< the token was the operator's
};
struct PlayerOpened {
  std::string resource;
  std::string answer;                         ///< a session description
  std::optional<signaling::Refusal> refusal;  ///< then there is nothing else
};
/// The session has made it a viewer: what it is asked is answered once the streamer has.
struct AwaitAnswer {
  std::string viewer;
};
/// More of a player's candidates (trickle ICE). To the session, and on to the resource's actor.
struct PlayerCandidates {
  std::string resource;
  std::string ufrag;  ///< of the ICE session that they belong to; empty: not said
  std::vector<std::string> candidates;
};
/// The player has seen enough.
struct ClosePlayer {
  std::string resource;
};
struct PlayerAnswer {
  std::optional<signaling::Refusal> refusal;  ///< none: done
};

using PlayerActor = ViewerActor::extend<caf::replies_to<AwaitAnswer>::with<PlayerOpened>,
                                        caf::replies_to<PlayerCandidates>::with<PlayerAnswer>,
                                        caf::replies_to<ClosePlayer>::with<PlayerAnswer>>;

// == the stream actor ============================================================================
// One session's stream: its state, its epochs (a WebRTC peer each) and who watches them.

struct BindStream {
  VmActor vm;
};
/// A viewer wants pictures: offer as soon as the stream is up. Again: whether it wants sound has
/// changed.
struct AddWatcher {
  std::string viewer;
  bool audio = false;
};
struct RemoveWatcher {
  std::string viewer;
};
/// A viewer offers to receive pictures: it gets an answer, or is told that its peer is lost.
struct ViewerOffers {
  std::string viewer;
  std::string sdp;
};
struct ViewerAnswer {
  std::string viewer;
  signaling::Answer answer;
};
struct ViewerCandidate {
  std::string viewer;
  signaling::Candidate candidate;
};
struct ViewerRenegotiates {
  std::string viewer;
  std::string media = "main";
};
/// Whose input counts; empty: nobody's.
struct ControlMoved {
  std::string viewer;
};
/// Who is told of the stream's state: it may now get offers.
struct StreamNews {
  StreamStatus status;
  std::optional<Cause> cause;
  std::optional<Duration> retry_in;
};
/// Which epochs live, and the newest of all: it is written down, so that numbers never come again.
struct StreamEpochs {
  std::uint64_t last = 0;
  std::set<std::uint64_t> living;
};
/// A message of the stream for one viewer: an offer, a candidate, an error. To one that offered:
/// an `answer`, or `peer-lost` with `code` and `reason`, the end of its peer. `silent` is for the
/// session alone: nothing is heard of the peer, and another is due if the viewer has a socket.
struct StreamToViewer {
  std::string viewer;
  Json message;
};
/// The guest's display has another size now, in pixels.
struct StreamDisplay {
  int width = 0;
  int height = 0;
};
/// A picture of the guest's display is wanted; also where nobody watches.
struct TakeScreenshot {};
struct ScreenshotTaken {
  std::shared_ptr<const std::string> png;     ///< null: refused
  std::optional<signaling::Refusal> refusal;  ///< `stream-not-up`, `unavailable`, `rate-limited`
};
/// The streamer has had its time for the parts of a screenshot.
struct ScreenshotDeadline {
  std::uint64_t number = 0;
};
/// The first frame went out to a viewer.
struct FirstFrame {
  std::string viewer;
};
struct AnswerDeadline {
  std::uint64_t epoch = 0;
};

using StreamActor = caf::typed_actor<
    caf::reacts_to<BindStream>,
    /// News of the guest's `stream` child and words of the streamer.
    caf::reacts_to<VmChildNews>, caf::reacts_to<VmStreamSays>,
    /// The guest is gone: all epochs are dead.
    caf::reacts_to<VmFinished>, caf::reacts_to<AddWatcher>, caf::reacts_to<RemoveWatcher>,
    caf::reacts_to<ViewerOffers>, caf::reacts_to<ViewerAnswer>, caf::reacts_to<ViewerCandidate>,
    caf::reacts_to<ViewerRenegotiates>, caf::reacts_to<ControlMoved>,
    caf::reacts_to<AnswerDeadline>,
    /// Answered with the streamer's picture, one for all who ask meanwhile.
    caf::replies_to<TakeScreenshot>::with<ScreenshotTaken>, caf::reacts_to<ScreenshotDeadline>>;

// == the session actor ===========================================================================
// Owns the person's side: state, viewers, control, holds, retirement. Its child is the stream.

struct Join {
  signaling::Hello hello;
  bool is_operator = false;  ///< the hello's token was the operator's
  bool may_host = true;      ///< false for a watch token
  ViewerActor peer;
  std::string resource = {};  ///< of a player; empty: it has a socket
};
/// The hello was accepted (then `welcome` is on its way) or refused.
struct Joined {
  std::string viewer;
  std::optional<signaling::Refusal> refusal;
};
struct ViewerSays {
  std::string viewer;
  signaling::ClientMessage message;
};
struct ViewerGone {
  std::string viewer;
  ViewerActor peer;      ///< ignored if the viewer has another socket by now
  bool is_over = false;  ///< it does not come back
};
/// The peer could not accept what a viewer said: the refusal gets its number and goes back.
struct ViewerRefused {
  std::string viewer;
  signaling::Refusal refusal;
};
struct SetHold {
  Hold hold;
};
struct ClearHold {
  std::string name;
};
/// The reaper's proposal (contract, section 6).
struct Proposal {
  std::string id;
  std::string session;
  RetireReason reason = RetireReason::requested;
  std::string by;
  Duration deadline{0};
  bool forced = false;
};
/// A reaper has begun, which knows of no proposal: those that are open are made again, and every
/// session says anew when it is to end.
struct ReaperBegins {};
/// Ends the log-in that is under way, or begins another attempt after one that did not complete.
struct CancelLogin {
  std::string by;
};
struct RetryLogin {
  std::string by;
};
/// Where the log-in stands now, or why it is not as it was asked for.
struct LoginAnswer {
  std::optional<LoginStatus> login;    ///< none: the session has none
  std::optional<std::string> refusal;  ///< a sentence
};
/// The vault has taken a credential in, or could not.
struct CredentialKept {
  std::uint64_t attempt = 0;
  std::optional<Cause> failure;
};
/// Its owner has fetched the credential.
struct CredentialHandedOver {};
/// Somebody uses it without a socket: its idle time begins anew.
struct TouchSession {};
/// The actor of a VM failed; another one brings the guest down and holds what it held.
struct VmSalvaged {
  std::string vm;
  VmActor actor;
};
struct SessionTimer {
  std::uint64_t ticket = 0;
};

using SessionActor = VmOwnerActor::extend<
    caf::replies_to<Join>::with<Joined>, caf::reacts_to<ViewerSays>, caf::reacts_to<ViewerRefused>,
    /// Answered when the streamer has.
    caf::replies_to<OpenPlayer>::with<PlayerOpened>,
    caf::replies_to<PlayerCandidates>::with<PlayerAnswer>,
    caf::replies_to<ClosePlayer>::with<PlayerAnswer>, caf::reacts_to<ViewerGone>,
    caf::reacts_to<StreamNews>, caf::reacts_to<StreamEpochs>, caf::reacts_to<StreamToViewer>,
    caf::reacts_to<FirstFrame>, caf::reacts_to<StreamDisplay>,
    caf::replies_to<TakeScreenshot>::with<ScreenshotTaken>,
    caf::replies_to<SetHold>::with<HoldAnswer>, caf::replies_to<ClearHold>::with<HoldAnswer>,
    /// Considers a retirement, asks the viewers, and answers the reaper.
    caf::reacts_to<Proposal>, caf::reacts_to<ReaperBegins>, caf::reacts_to<VmSalvaged>,
    caf::replies_to<CancelLogin>::with<LoginAnswer>, caf::replies_to<RetryLogin>::with<LoginAnswer>,
    caf::reacts_to<CredentialKept>, caf::reacts_to<CredentialHandedOver>,
    caf::reacts_to<TouchSession>, caf::reacts_to<SessionTimer>>;

// == the reaper actor ============================================================================
// Proposes; deletes only with the owner's token.

struct ProposeRetirement {
  std::string session;
  SessionActor actor;
  RetireReason reason = RetireReason::requested;
  std::string by;
  bool forced = false;
  /// A proposal of an earlier reaper that goes on, with the time that is left.
  struct Earlier {
    std::string id;
    Duration deadline{0};
    std::optional<Instant> kept_until;
  };
  std::optional<Earlier> earlier = std::nullopt;
  std::string note = {};  ///< what who asked said about it, for the record
};
struct ProposalMade {
  Proposal proposal;
};
enum class RetireAnswer { grant, keep, hold };
struct RetireAnswered {
  std::string proposal;
  RetireAnswer answer = RetireAnswer::grant;
  std::string who;  ///< `viewer:ID`, `session`
  std::string why;
  std::optional<Instant> until;       ///< with `keep`
  std::optional<ReleaseToken> token;  ///< with `grant`
  VmActor vm;                         ///< with `grant`; null where there is none left
};
/// When a session is to be proposed, by reason; replaces what it said before. Empty: never.
struct ExpectEnds {
  std::string session;
  SessionActor actor;
  std::map<RetireReason, Instant> at;
};
/// What is there of one guest that no actor owns.
struct Orphan {
  std::string vm;
  std::string session;  ///< empty: not known
  std::string driver;
  std::optional<int> slot;          ///< none: not known
  std::vector<Resource> resources;  ///< in order of acquisition
  Cause cause;                      ///< why it is taken for one
  std::optional<Duration> grace;    ///< none: what is configured
};
struct OrphansFound {
  std::vector<Orphan> orphans;
};
/// Of the file system that holds the state directory.
struct DiskSpace {
  std::int64_t free_bytes = 0;  ///< for this user
  std::int64_t total_bytes = 0;
};
struct ReaperTimer {
  std::uint64_t ticket = 0;
};

using ReaperActor = caf::typed_actor<
    /// Proposes to a session, or joins the proposal that is open; answers at once.
    caf::replies_to<ProposeRetirement>::with<ProposalMade>,
    /// A session's answer. A grant's token is taken to the VM.
    caf::reacts_to<RetireAnswered>,
    /// A session's deadlines: idle time, greatest age, end of a failed one's retention.
    caf::reacts_to<ExpectEnds>,
    /// Quarantines and reports them; they are removed after a grace with nobody claiming them.
    caf::reacts_to<OrphansFound>,
    /// Where space is short, proposes the oldest evidence first.
    caf::reacts_to<DiskSpace>,
    /// The earliest of all deadlines has come.
    caf::reacts_to<ReaperTimer>>;

// == the node actor ==============================================================================
// Starts sessions and VMs, gives out addresses and slots, keeps the warm pool and the quotas.

struct CreateSession {
  SessionRequest request;
  std::string token_digest;
};
struct SessionCreated {
  SessionDocumentPtr document;   ///< null: refused
  std::optional<Cause> refusal;  ///< `quota`, `store-failed`, or `requested` while draining
};
struct FindSessionActor {
  std::string id;
};
struct SessionActorFound {
  SessionActor actor;  ///< null: it is over, or never was
};
struct FindVmActor {
  std::string id;
};
struct VmActorFound {
  VmActor actor;
};
/// A session whose guest was lost asks for a fresh one.
struct ReplaceVm {
  std::string session;
};
struct VmGiven {
  VmActor vm;
  std::string id;
  std::string address;
  std::optional<Cause> refusal;
};
/// The reaper's question whether an orphan may go. `keep`: it is somebody's; `hold`: its session is
/// held, or has not agreed yet; `grant`: it is being removed.
struct SalvageOrphan {
  Orphan orphan;
  std::string proposal;
};
struct OrphanAnswer {
  RetireAnswer answer = RetireAnswer::hold;
  std::string why;
};
/// The guests that a driver found on this host.
struct MachinesFound {
  std::string driver;
  std::vector<Orphan> machines;
};
/// A session is over: its actor may go.
struct SessionOver {
  std::string session;
};
struct DrainNode {
  bool stop_guests = false;
  std::string by;
  Duration within{0};
};
/// Takes new sessions again.
struct UndrainNode {
  std::string by;
};
/// Everything that had to end has ended, or the time was up.
struct Drained {
  std::size_t left = 0;
};
struct NodeTimer {
  std::uint64_t ticket = 0;
};
struct AskNodeFigures {};
/// Warm guests of one profile under one driver.
struct PoolFigures {
  std::string profile;
  std::string driver;
  std::size_t wanted = 0;
  std::size_t ready = 0;     ///< every child ready, nobody's yet
  std::size_t starting = 0;  ///< on their way to that
  Duration oldest{0};        ///< how long the oldest of the ready ones has been waiting
};
struct NodeFigures {
  std::size_t sessions = 0;
  std::size_t vms = 0;
  std::size_t warm = 0;
  bool draining = false;
  std::vector<PoolFigures> pool;  ///< of those that are wanted, and of an earlier controller's
};

using NodeActor = VmOwnerActor::extend<
    /// Allocates address and slot, writes the session down, starts it; never waits for a boot.
    caf::replies_to<CreateSession>::with<SessionCreated>,
    caf::replies_to<FindSessionActor>::with<SessionActorFound>,
    caf::replies_to<FindVmActor>::with<VmActorFound>, caf::replies_to<ReplaceVm>::with<VmGiven>,
    caf::reacts_to<SessionOver>, caf::replies_to<SalvageOrphan>::with<OrphanAnswer>,
    /// Tells the reaper which of them are nobody's.
    caf::reacts_to<MachinesFound>,
    /// What a VM could not give back; the reaper is told, and each that follows it.
    caf::reacts_to<OrphansFound>,
    /// Refuses new sessions from now on; with `stop_guests` retires those there are.
    caf::replies_to<DrainNode>::with<Drained>, caf::reacts_to<UndrainNode>,
    /// Guests that need more than is left are refused.
    caf::reacts_to<DiskSpace>, caf::reacts_to<ReaperBegins>, caf::reacts_to<NodeTimer>,
    caf::replies_to<AskNodeFigures>::with<NodeFigures>>;

// == the gateway actor ===========================================================================
// The HTTP API's side of libwebsockets' thread; starts a peer for each WebSocket.

struct HttpArrived {
  std::shared_ptr<HttpRequest> request;
};
struct HttpGone {
  std::uint64_t id = 0;
};
struct SocketOpened {
  std::uint64_t socket = 0;
  std::string peer_address;
};
struct SocketTextArrived {
  std::uint64_t socket = 0;
  std::string text;
};
struct SocketTooLargeArrived {
  std::uint64_t socket = 0;
};
struct SocketGone {
  std::uint64_t socket = 0;
  std::uint16_t code = 0;
};
struct GatewayTimer {
  std::uint64_t ticket = 0;
};

using GatewayActor =
    EventReaderActor::extend<caf::reacts_to<HttpArrived>, caf::reacts_to<HttpGone>,
                             caf::reacts_to<SocketOpened>, caf::reacts_to<SocketTextArrived>,
                             caf::reacts_to<SocketTooLargeArrived>, caf::reacts_to<SocketGone>,
                             caf::reacts_to<GatewayTimer>>;

// == the console actor ===========================================================================
// Answers operators, whether they ask by the socket in the state directory or by HTTP.

class ConsoleReply;

struct RunCommand {
  std::string line;  ///< as it was typed: `logs 1a2b browser -f`
  std::shared_ptr<ConsoleReply> reply;
};
/// Whoever asked has gone, or wants no more.
struct StopCommand {
  std::shared_ptr<ConsoleReply> reply;
};
/// Another thread has something for a command that goes on.
struct CommandNews {
  std::uint64_t command = 0;
  Json document;
  bool is_last = false;
};
/// Actors came, went or changed their faces.
struct RosterChanged {};
struct ConsoleTimer {
  std::uint64_t ticket = 0;
};

using ConsoleActor = EventReaderActor::extend<
    /// Carries out a command; what comes of it goes to its reply.
    caf::reacts_to<RunCommand>, caf::reacts_to<StopCommand>, caf::reacts_to<CommandNews>,
    caf::reacts_to<RosterChanged>, caf::reacts_to<ConsoleTimer>>;

}  // namespace aerie

#include "messages/interfaces_unsafe.hpp"
