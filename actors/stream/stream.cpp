#include "actors/stream/stream.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "actors/stream/network_figures.hpp"
#include "actors/stream/stream_figures.hpp"
#include "messages/text_field.hpp"

namespace aerie {
namespace {

/// Reads an epoch of the streamer's message; 0 for none (epochs begin at 1).
std::uint64_t epoch_in(const Json& body) {
  const auto found = body.find("epoch");
  return found != body.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

}  // namespace

Stream::Stream(caf::actor_config& config, EnvironmentPtr environment, SessionActor session,
               SharedValue<Profile> profile, std::uint64_t last_epoch, std::string subject,
               const Json& memory)
    : Actor(config, "stream"),
      environment_(std::move(environment)),
      session_(std::move(session)),
      profile_(std::move(profile)),
      child_(profile_->find(Builtin::stream)),
      has_audio_(profile_->find(Builtin::audio) != nullptr),
      subject_(std::move(subject)) {
  status_.epoch = last_epoch;
  if (!memory.is_null()) recall(memory);
}

Stream::Behavior Stream::make_behavior() {
  set_down_handler([this](const caf::down_msg&) { quit(); });
  monitor<caf::message_priority::high>(session_);
  return {
      [this](const BindStream& message) { bind(message.vm); },
      [this](const VmChildNews& message) { on_child(message.news); },
      [this](const VmStreamSays& message) { on_says(message.body); },
      [this](const VmFinished& message) { on_guest_gone(message.cause); },
      [this](const AddWatcher& message) { watch(message.viewer, message.audio); },
      [this](const RemoveWatcher& message) {
        watchers_.erase(message.viewer);
        encoder_reasons_.erase(message.viewer);
        close_epochs_of(message.viewer);
        remember();
      },
      [this](const ViewerOffers& message) { take_offer(message); },
      [this](const ViewerAnswer& message) { on_answer(message.viewer, message.answer); },
      [this](const ViewerCandidate& message) {
        const auto& candidate = message.candidate;
        relay(message.viewer, candidate.epoch, candidate.media,
              {{"type", "candidate"},
               {"epoch", candidate.epoch},
               {"candidate", candidate.candidate},
               {"sdpMLineIndex", candidate.sdp_m_line_index},
               {"sdpMid", candidate.sdp_mid}});
      },
      [this](const ViewerRenegotiates& message) { renegotiate(message.viewer, message.media); },
      [this](const ControlMoved& message) {
        controller_ = message.viewer;
        send_control();
        remember();
      },
      [this](const AnswerDeadline& message) { on_answer_deadline(message.epoch); },
      [this](const TakeScreenshot&) { return take_screenshot(); },
      [this](const ScreenshotDeadline& message) { on_screenshot_deadline(message.number); },
  };
}

/// A guest that is adopted has its peers still; a fresh one has none.
void Stream::bind(const VmActor& vm) {
  vm_ = vm;
  if (!std::exchange(is_recalled_, false)) {
    forget_epochs();
    if (child_) enter(StreamState::down);
    return;
  }
  tell_epochs();
  const auto within = environment_->settings.answer_within;
  for (const auto& [epoch, peer] : peers_) {
    if (peer.is_answered) continue;
    // An offer that the controller before had read, but not written down, never comes again.
    const auto left = peer.is_offered ? peer.offered_at + within - environment_->wall() : within;
    send_later(std::max(left, Duration{0}), AnswerDeadline{epoch});
  }
}

// -- the guest's side -----------------------------------------------------------------------------

void Stream::on_child(const link::ChildNews& news) {
  using enum link::ChildNewsKind;
  if (!child_ || news.child != child_->name) return;
  switch (news.kind) {
    case started:
      if (status_.state != StreamState::up) enter(StreamState::starting);
      break;
    case ready:
      if (status_.state == StreamState::up) break;
      enter(StreamState::up);
      for (const auto& [viewer, audio] : std::map<std::string, bool>{watchers_})
        watch(viewer, audio);
      break;
    case exited: {
      if (!peers_.empty() && !lost_at_) lost_at_ = monotonic();
      forget_epochs();
      const bool is_over =
          child_->restart == RestartType::temporary || news.exit->kind == CauseKind::killed ||
          (child_->restart == RestartType::transient && news.exit->kind == CauseKind::clean);
      if (is_over) enter(StreamState::down, cause_of(*news.exit));
      break;
    }
    case restarting:
      status_.restarts = news.restarts;
      enter(StreamState::restarting, news.cause, news.retry_in.value_or(Duration{0}));
      break;
    case given_up:
      enter(StreamState::given_up,
            !news.cause && news.exit ? std::optional{cause_of(*news.exit)} : news.cause);
      break;
  }
}

void Stream::on_says(const Json& body) {
  const auto type = text_in(body, "type");
  if (type == "stats") return on_figures(body);
  if (type == "screenshot") return on_screenshot(body);
  if (type == "display") return on_display(body);
  if (type == "ready") return on_display(body.value("display", Json::object()));
  const auto epoch = epoch_in(body);
  if (!peers_.contains(epoch)) return;  // of a peer that was removed meanwhile
  if (type == "encoder") return on_encoder(epoch, body);
  if (peers_.at(epoch).is_players) {
    on_player_says(epoch, type, body);
  } else if (type == "offer") {
    on_offer(epoch, body);
  } else if (type == "candidate") {
    const auto& peer = peers_.at(epoch);
    const auto line = body.find("sdpMLineIndex");
    tell_viewer(peer.viewer, {{"type", "candidate"},
                              {"epoch", epoch},
                              {"media", peer.media},
                              {"candidate", text_in(body, "candidate")},
                              {"sdpMLineIndex",
                               line != body.end() && line->is_number_unsigned() ? *line : Json(0)},
                              {"sdpMid", text_in(body, "sdpMid")}});
  } else if (type == "peer") {
    on_peer_state(epoch, body);
  }
}

void Stream::on_offer(std::uint64_t epoch, const Json& body) {
  auto& peer = peers_.at(epoch);
  if (peer.is_offered) return;
  peer.is_offered = true;
  peer.offered_at = environment_->wall();
  measure(peer, SignalingStep::offer);
  tell_viewer(
      peer.viewer,
      {{"type", "offer"}, {"epoch", epoch}, {"media", peer.media}, {"sdp", text_in(body, "sdp")}});
  send_later(environment_->settings.answer_within, AnswerDeadline{epoch});
  remember();
}

void Stream::on_peer_state(std::uint64_t epoch, const Json& body) {
  const auto peer = peers_.at(epoch);
  const auto state = text_in(body, "state");
  if (state == "first-frame" && peer.media == "main") {
    if (const auto lost = std::exchange(lost_at_, std::nullopt))
      tell_recovery(peer.viewer, monotonic() - *lost);
    send(session_, FirstFrame{peer.viewer});
  } else if (state == "silent") {
    on_silent(epoch);
  } else if (state == "connected") {
    on_connected(epoch);
  } else if (state == "failed" || state == "closed") {
    // A peer that had worked is rebuilt under a new epoch; one that never did waits to be asked,
    // and so does a viewer that has another, or has closed it.
    const bool is_only = epoch_of(peer.viewer, peer.media) == epoch && peer.beside == 0;
    close_epoch(epoch);
    if (state == "failed" && peer.is_answered && is_only && watchers_.contains(peer.viewer))
      return open_epoch(peer.viewer, peer.media);
    if (peer.media == "audio" && state == "failed")
      refuse(peer.viewer, "audio-unavailable",
             "The guest gives no sound at present; the log of its stream says why.");
  }
}

/// A streamer tells of itself once a second; what comes more often counts for nothing.
void Stream::on_figures(const Json& body) {
  constexpr Duration least_pause{500};
  const auto now = monotonic();
  if (status_.state != StreamState::up || (figures_at_ && now - *figures_at_ < least_pause)) return;
  figures_at_ = now;
  const auto figures = read_stream_figures(body);
  const auto networks = read_network_figures(body);
  if (!figures || !networks) return;
  if (environment_->stream_meter) environment_->stream_meter->add(*figures);
  figures_ = shown_figures(*figures, figures_);
  figures_.insert(figures_.end(), networks->begin(), networks->end());
  show_state({});
}

void Stream::on_display(const Json& body) {
  // A streamer says five a second at most; each is written down for every viewer.
  constexpr int most_a_second = 20;
  const auto now = monotonic();
  if (now - displays_since_ >= Duration{1000}) {
    displays_since_ = now;
    displays_ = 0;
  }
  if (++displays_ > most_a_second) return;
  const auto side = [&](const char* name, int most) {
    const auto found = body.find(name);
    const bool is_size =
        found != body.end() && found->is_number_integer() && *found >= 1 && *found <= most;
    return is_size ? found->get<int>() : 0;
  };
  const StreamDisplay display{side("width", 3840), side("height", 2160)};
  if (display.width > 0 && display.height > 0) send(session_, display);
}

/// A viewer has a picture again, so long after the streamer ended.
void Stream::tell_recovery(const std::string& viewer, Duration after) {
  if (subject_.empty()) return;
  record("stream.recovered", {{"afterMs", after.count()}, {"viewer", viewer}});
}

void Stream::record(std::string kind, Json data) {
  const auto session = subject_.substr(0, subject_.find('/'));
  send(environment_->directory.ledger(),
       RecordEvent{{0, environment_->wall(), std::move(kind), session, "", "", std::move(data)}});
}

/// One step of a viewer's signaling is over, and the next begins.
void Stream::measure(Peer& peer, SignalingStep step) {
  const auto now = monotonic();
  const auto began = std::exchange(peer.step_began, now);
  if (began && environment_->stream_meter) environment_->stream_meter->add(step, now - *began);
}

void Stream::on_guest_gone(const std::optional<Cause>& cause) {
  forget_epochs();
  if (child_ && status_.state != StreamState::given_up) enter(StreamState::down, cause);
}

// -- the viewers' side ----------------------------------------------------------------------------

void Stream::watch(const std::string& viewer, bool audio) {
  watchers_[viewer] = audio;
  if (status_.state == StreamState::up && !epoch_of(viewer, "main")) open_epoch(viewer, "main");
  sound(viewer, audio);
  remember();
}

/// A peer of its own, so that pictures never wait for sound; none where the guest has no sound.
void Stream::sound(const std::string& viewer, bool wanted) {
  const auto epoch = epoch_of(viewer, "audio");
  if (epoch && !wanted) close_epoch(*epoch);
  if (!epoch && wanted && has_audio_ && status_.state == StreamState::up)
    open_epoch(viewer, "audio");
}

/// `beside`: the viewer's peer that lives until the new one is connected; 0: none.
void Stream::open_epoch(const std::string& viewer, const std::string& media, std::uint64_t beside) {
  const auto epoch = ++status_.epoch;
  auto& peer = peers_[epoch] = {viewer, media};
  peer.step_began = monotonic();
  peer.beside = beside;
  tell_epochs();
  Json add{{"type", "add"}, {"epoch", epoch}, {"media", media}};
  if (beside != 0) add["beside"] = beside;
  tell_streamer(std::move(add));
  if (viewer == controller_ && media == "main" && beside == 0) send_control();
}

void Stream::close_epoch(std::uint64_t epoch) {
  peers_.erase(epoch);
  tell_streamer({{"type", "remove"}, {"epoch", epoch}});
  for (auto& [each, peer] : peers_) {
    if (peer.beside != epoch) continue;
    peer.beside = 0;
    if (peer.viewer == controller_) send_control();
  }
  tell_epochs();
}

void Stream::close_epochs_of(const std::string& viewer) {
  std::vector<std::uint64_t> epochs;
  for (const auto& [epoch, peer] : peers_)
    if (peer.viewer == viewer) epochs.push_back(epoch);
  for (const auto epoch : epochs)
    close_epoch(epoch);
}

void Stream::forget_epochs() {
  if (peers_.empty()) return;
  const auto lost = std::exchange(peers_, {});
  tell_epochs();
  // The others are offered new ones.
  for (const auto& [epoch, peer] : lost)
    if (peer.is_players) tell_lost(peer.viewer, "unavailable", "The streamer ended");
}

void Stream::on_answer(const std::string& viewer, const signaling::Answer& answer) {
  const auto peer = peers_.find(answer.epoch);
  const bool is_theirs =
      peer != peers_.end() && peer->second.viewer == viewer && peer->second.media == answer.media;
  if (is_theirs && !peer->second.is_offered)
    return refuse(viewer, "protocol", "This epoch was not offered yet.");
  if (is_theirs && peer->second.is_answered)
    return refuse(viewer, "protocol", "This epoch was answered before.");
  if (is_theirs) {
    peer->second.is_answered = true;
    measure(peer->second, SignalingStep::answer);
  }
  remember();
  relay(viewer, answer.epoch, answer.media,
        {{"type", "answer"}, {"epoch", answer.epoch}, {"sdp", answer.sdp}});
}

void Stream::relay(const std::string& viewer, std::uint64_t epoch, const std::string& media,
                   Json body) {
  const auto peer = peers_.find(epoch);
  if (peer == peers_.end() || peer->second.viewer != viewer || peer->second.media != media)
    return refuse(viewer, "stale-epoch",
                  "Epoch " + std::to_string(epoch) + " is not, or no longer, yours.");
  tell_streamer(std::move(body));
}

void Stream::on_answer_deadline(std::uint64_t epoch) {
  const auto peer = peers_.find(epoch);
  if (peer == peers_.end() || peer->second.is_answered) return;
  const auto late = peer->second;
  close_epoch(epoch);
  if (late.is_players)
    return tell_lost(late.viewer, "unavailable", "The player was not connected in time");
  if (!late.is_offered) return open_epoch(late.viewer, late.media, late.beside);
  refuse(late.viewer, "answer-timeout",
         "The offer of epoch " + std::to_string(epoch) + " was withdrawn: it was not answered.");
}

void Stream::send_control() {
  auto epoch = controller_.empty() ? std::nullopt : epoch_of(controller_, "main");
  if (epoch && peers_.at(*epoch).beside != 0) epoch = peers_.at(*epoch).beside;
  tell_streamer({{"type", "control"}, {"epoch", epoch ? Json(*epoch) : Json(nullptr)}});
}

// -- telling --------------------------------------------------------------------------------------

void Stream::enter(StreamState state, std::optional<Cause> cause,
                   std::optional<Duration> retry_in) {
  if (status_.state == state && !cause && !retry_in) return;
  status_.state = state;
  if (cause) status_.last_cause = cause;
  if (state != StreamState::up) {
    figures_.clear();
    lose_screenshot();
  }
  // Whoever watches after that has lost nothing.
  if (state == StreamState::down || state == StreamState::given_up) lost_at_.reset();
  show_state(environment_->wall());
  remember();
  send<caf::message_priority::high>(session_, StreamNews{status_, std::move(cause), retry_in});
}

/// `since`: when the state began; none: it has not changed.
void Stream::show_state(Instant since) {
  const bool is_well = status_.state == StreamState::up || status_.state == StreamState::down;
  show({std::string{to_string(status_.state)},
        since,
        !is_well && status_.last_cause ? status_.last_cause->message : "",
        0,
        status_.restarts,
        {},
        figures_,
        status_.last_cause});
}

void Stream::tell_epochs() {
  StreamEpochs epochs{status_.epoch, {}};
  for (const auto& [epoch, peer] : peers_)
    epochs.living.insert(epoch);
  remember();
  send(session_, std::move(epochs));
}

void Stream::tell_streamer(Json body) {
  if (vm_ && status_.state == StreamState::up) send(vm_, SendStream{std::move(body)});
}

void Stream::tell_viewer(const std::string& viewer, Json message) {
  send(session_, StreamToViewer{viewer, std::move(message)});
}

void Stream::refuse(const std::string& viewer, const char* code, std::string message) {
  tell_viewer(viewer, signaling::to_message({code, std::move(message), "epoch"}));
}

std::optional<std::uint64_t> Stream::epoch_of(const std::string& viewer,
                                              const std::string& media) const {
  for (auto each = peers_.rbegin(); each != peers_.rend(); ++each)
    if (each->second.viewer == viewer && each->second.media == media) return each->first;
  return std::nullopt;
}

}  // namespace aerie
