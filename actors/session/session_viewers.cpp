#include <algorithm>

#include "actors/session/session.hpp"

namespace aerie {

using signaling::ControlAction;

// -- joining and leaving --------------------------------------------------------------------------

Joined Session::join(const Join& request) {
  const auto& hello = request.hello;
  if (hello.role == ViewerRole::host && !request.may_host)
    return {"", signaling::Refusal{"unauthorized", "This token may only watch: ask as viewer.",
                                   "role"}};
  if (!hello.resume.empty()) {
    auto resumed = resume(request);
    if (!resumed.viewer.empty()) return resumed;
  }
  if (connected() >= environment_->settings.max_viewers)
    return {"",
            signaling::Refusal{"quota",
                               "This session has its " +
                                   std::to_string(environment_->settings.max_viewers) + " viewers.",
                               ""}};
  make_room();
  auto& viewer = admit(request);
  const auto id = viewer.info.id;
  const auto token = environment_->new_token();
  viewer.resume_digest = environment_->digest(token);
  welcome(viewer, std::nullopt, token);
  if (is_final(document_->state)) {
    end_viewer(viewer);
    viewers_.erase(id);
    return {id, std::nullopt};
  }
  if (viewer.info.role == ViewerRole::host && controller_.empty()) give_control(id);
  tell_present_state(viewer);
  record("viewer.joined", viewer.info);
  reach(Stage::first_viewer);
  // A player offers itself.
  if (viewer.resource.empty()) send(stream_, AddWatcher{id, viewer.wants_audio});
  return {id, std::nullopt};
}

Joined Session::resume(const Join& request) {
  const auto digest = environment_->digest(request.hello.resume);
  const auto found = std::find_if(viewers_.begin(), viewers_.end(), [&](const auto& entry) {
    return entry.second.resume_digest == digest;
  });
  if (found == viewers_.end()) return {};
  auto& viewer = found->second;
  viewer.log.catch_up(request.hello.last_seq);
  const auto missed = viewer.log.since(
      request.hello.last_seq, [&](std::uint64_t epoch) { return living_epochs_.contains(epoch); });
  if (viewer.peer) send(viewer.peer, Hang{signaling::close_superseded, "opened elsewhere"});
  viewer.peer = request.peer;
  viewer.is_operator = request.is_operator;
  viewer.wants_audio = request.hello.audio;
  viewer.expiry_ticket = 0;
  viewer.gone_at.reset();
  if (!missed) {
    viewer.log = ViewerLog{};
    viewer.unnumbered.clear();
    forget_messages(viewer.info.id);
  }
  welcome(viewer, missed ? std::optional{request.hello.last_seq} : std::nullopt,
          request.hello.resume);
  if (missed)
    for (const auto& message : *missed)
      send(viewer.peer, Deliver{message});
  for (auto& message : std::exchange(viewer.unnumbered, {}))
    if (!message.contains("epoch") || message["type"] == "stream" ||
        living_epochs_.contains(message["epoch"].get<std::uint64_t>()))
      deliver(viewer, std::move(message));
  if (viewer.had_control && controller_.empty()) give_control(viewer.info.id);
  viewer.had_control = false;
  tell_present_state(viewer);
  record("viewer.joined", viewer.info);
  // Who has lost the thread has lost its offer too; else a peer that lives gets no new one.
  if (!missed) send(stream_, RemoveWatcher{viewer.info.id});
  send(stream_, AddWatcher{viewer.info.id, viewer.wants_audio});
  return {viewer.info.id, std::nullopt};
}

/// What every welcome is followed by.
void Session::tell_present_state(Viewer& viewer) {
  if (!stream_child_.empty()) deliver(viewer, stream_message());
  if (!troubles_.empty()) deliver(viewer, state_message());
  if (document_->login) deliver(viewer, login_message());
  announce_control();
  announce_viewers();
  ask_newcomer(viewer);
}

/// Who comes and goes without resuming must not pile up: the longest gone is forgotten first.
void Session::make_room() {
  if (viewers_.size() < environment_->settings.max_viewers) return;
  const auto gone_before = [](const auto& a, const auto& b) {
    const auto rank = [](const Viewer& viewer) {
      return viewer.peer ? ~std::uint64_t{0} : viewer.expiry_ticket;
    };
    return rank(a.second) < rank(b.second);
  };
  const auto longest = std::min_element(viewers_.begin(), viewers_.end(), gone_before);
  if (longest != viewers_.end() && !longest->second.peer)
    forget_viewer(std::string{longest->first});
}

void Session::forget_viewer(const std::string& id) {
  send(stream_, RemoveWatcher{id});
  viewers_.erase(id);
  forget_messages(id);
  // Only a viewer that a restart has cut off is in control without a socket.
  if (controller_ == id) give_control("");
  remember();
}

void Session::end_viewer(Viewer& viewer) {
  const auto end = document_->end.value_or(SessionEnd{"controller", "failed", {}});
  Json message{{"type", "ended"}, {"by", end.by}, {"reason", end.reason}};
  if (document_->cause) message["cause"] = *document_->cause;
  deliver(viewer, std::move(message));
  if (viewer.peer) send(viewer.peer, Hang{signaling::close_normal, "ended"});
}

Session::Viewer& Session::admit(const Join& request) {
  Viewer viewer;
  viewer.info = {environment_->new_id(), request.hello.role, false, environment_->wall(),
                 !request.resource.empty()};
  viewer.resource = request.resource;
  viewer.is_operator = request.is_operator;
  viewer.wants_audio = request.hello.audio;
  viewer.peer = request.peer;
  return viewers_[viewer.info.id] = std::move(viewer);
}

void Session::welcome(Viewer& viewer, std::optional<std::uint64_t> resumed_at,
                      const std::string& resume_token) {
  Json message{{"type", "welcome"},
               {"session", document_->id},
               {"viewer", viewer.info.id},
               {"role", to_string(viewer.info.role)},
               {"resume", resume_token},
               {"resumed", resumed_at.has_value()},
               {"state", to_string(document_->state)},
               {"iceServers", environment_->settings.ice_servers},
               {"audio", has_audio_},
               {"display", display_json()}};
  if (!resumed_at) return deliver(viewer, std::move(message));
  // Outside the numbering: what was missed follows with the numbers it had.
  message["seq"] = *resumed_at;
  message["at"] = to_rfc3339(environment_->wall());
  send(viewer.peer, Deliver{std::move(message)});
}

void Session::leave(const ViewerGone& gone) {
  const auto& id = gone.viewer;
  const auto found = viewers_.find(id);
  if (found == viewers_.end() || found->second.peer != gone.peer) return;
  auto& viewer = found->second;
  viewer.peer = nullptr;
  viewer.gone_at = environment_->wall();
  unwatched_since_ = environment_->wall();
  viewer.expiry_ticket = set_timer(environment_->settings.resume);
  viewer.had_control = controller_ == id;
  std::erase(control_requests_, id);
  if (viewer.had_control) give_control("");
  record("viewer.left", {{"id", id}, {"role", to_string(viewer.info.role)}});
  announce_viewers();
  if (proposal_ && proposal_->undecided.erase(id) > 0 && proposal_->undecided.empty())
    grant(Proposal{proposal_->proposal}, "session", "Every viewer that was asked has left.");
  if (gone.is_over) forget_viewer(id);
}

// -- what viewers say -----------------------------------------------------------------------------

void Session::says(const ViewerSays& said) {
  const auto found = viewers_.find(said.viewer);
  if (found == viewers_.end()) return;
  const auto& id = said.viewer;
  if (const auto* answer = std::get_if<signaling::Answer>(&said.message))
    send(stream_, ViewerAnswer{id, *answer});
  else if (const auto* candidate = std::get_if<signaling::Candidate>(&said.message))
    send(stream_, ViewerCandidate{id, *candidate});
  else if (const auto* renegotiate = std::get_if<signaling::Renegotiate>(&said.message))
    send(stream_, ViewerRenegotiates{id, renegotiate->media});
  else if (const auto* audio = std::get_if<signaling::AudioWish>(&said.message))
    wish_audio(found->second, audio->wanted);
  else if (const auto* ping = std::get_if<signaling::Ping>(&said.message))
    deliver(found->second, {{"type", "pong"}, {"nonce", ping->nonce}});
  else if (const auto* control = std::get_if<signaling::Control>(&said.message))
    handle_control(id, *control);
  else if (const auto* wish = std::get_if<signaling::Keep>(&said.message))
    keep(id, *wish);
  else if (const auto* consent = std::get_if<signaling::Release>(&said.message))
    release(id, *consent);
  else
    refuse(id, "protocol", "A second hello on one socket.", "type");
}

void Session::wish_audio(Viewer& viewer, bool wanted) {
  viewer.wants_audio = wanted;
  send(stream_, AddWatcher{viewer.info.id, wanted});
  remember();
}

void Session::handle_control(const std::string& id, const signaling::Control& control) {
  const auto& viewer = viewers_.at(id);
  switch (control.action) {
    case ControlAction::request:
      if (controller_ == id) return announce_control();
      if (controller_.empty() && viewer.info.role == ViewerRole::host) return give_control(id);
      if (std::find(control_requests_.begin(), control_requests_.end(), id) ==
          control_requests_.end())
        control_requests_.push_back(id);
      return announce_control();
    case ControlAction::release:
      if (controller_ == id) return give_control("");
      std::erase(control_requests_, id);
      return announce_control();
    case ControlAction::give: {
      if (controller_ != id)
        return refuse(id, "not-in-control", "Only who is in control can give it.");
      const auto to = viewers_.find(control.to);
      if (to == viewers_.end() || !to->second.peer)
        return refuse(id, "not-found", "There is no such viewer.", "to");
      if (to->second.player) return refuse(id, "bad-field", "A WHEP player has no input.", "to");
      return give_control(control.to);
    }
    case ControlAction::take:
      if (!viewer.is_operator)
        return refuse(id, "unauthorized", "Only an operator can take control.", "action");
      return give_control(id);
  }
}

// -- control --------------------------------------------------------------------------------------

void Session::give_control(const std::string& id) {
  controller_ = id;
  std::erase(control_requests_, id);
  for (auto& [each, viewer] : viewers_)
    viewer.info.control = each == id;
  send(stream_, ControlMoved{id});
  record("control.changed", {{"holder", id.empty() ? Json(nullptr) : Json(id)}});
  announce_control();
  announce_viewers();
}

void Session::announce_control() {
  broadcast({{"type", "control"},
             {"holder", controller_.empty() ? Json(nullptr) : Json(controller_)},
             {"requests", control_requests_}});
}

void Session::announce_viewers() {
  Json list = Json::array();
  for (const auto& [id, viewer] : viewers_)
    if (viewer.peer) list.push_back(viewer.info);
  broadcast({{"type", "viewers"}, {"viewers", std::move(list)}});
  publish();
}

// -- delivery -------------------------------------------------------------------------------------

void Session::deliver(Viewer& viewer, Json message) {
  // Nothing is kept for who can't resume.
  if (!viewer.resource.empty()) {
    if (viewer.peer) send(viewer.peer, Deliver{std::move(message)});
    return;
  }
  if (viewer.log.is_restored()) {
    if (viewer.unnumbered.size() < ViewerLog::max_messages)
      viewer.unnumbered.push_back(std::move(message));
    return;
  }
  const auto first = viewer.log.first_kept();
  auto numbered = viewer.log.add(std::move(message), environment_->wall());
  remember_message(viewer.info.id, numbered, first, viewer.log.first_kept());
  if (viewer.peer) send(viewer.peer, Deliver{std::move(numbered)});
}

void Session::deliver_to(const std::string& id, Json message) {
  const auto viewer = viewers_.find(id);
  if (viewer != viewers_.end()) deliver(viewer->second, std::move(message));
}

/// What is for a viewer; or that nothing is heard of one, which is offered another peer if it has a
/// socket to take the offer by.
void Session::on_stream_says(const StreamToViewer& said) {
  if (said.message.at("type") != "silent") return deliver_to(said.viewer, said.message);
  const auto viewer = viewers_.find(said.viewer);
  if (viewer == viewers_.end() || !viewer->second.peer || viewer->second.player) return;
  send(stream_, ViewerRenegotiates{said.viewer});
}

void Session::broadcast(const Json& message) {
  for (auto& [id, viewer] : viewers_)
    deliver(viewer, message);
}

void Session::refuse(const std::string& id, const char* code, std::string message,
                     const char* field) {
  deliver_to(id, signaling::to_message({code, std::move(message), field}));
}

std::size_t Session::connected() const {
  return static_cast<std::size_t>(std::count_if(
      viewers_.begin(), viewers_.end(), [](const auto& entry) { return !!entry.second.peer; }));
}

std::size_t Session::who_can_answer() const {
  return static_cast<std::size_t>(
      std::count_if(viewers_.begin(), viewers_.end(),
                    [](const auto& entry) { return entry.second.peer && !entry.second.player; }));
}

/// Whose window it follows is not said: all see the same picture.
void Session::on_display(const StreamDisplay& display) {
  if (display.width == display_.width && display.height == display_.height) return;
  display_.width = display.width;
  display_.height = display.height;
  broadcast({{"type", "display"}, {"width", display.width}, {"height", display.height}});
  remember();
}

Json Session::display_json() const {
  Json display{{"width", display_.width}, {"height", display_.height}};
  if (display_.follows())
    display["largest"] = {{"width", display_.largest_width}, {"height", display_.largest_height}};
  return display;
}

Json Session::stream_message() const {
  Json message{{"type", "stream"},
               {"state", to_string(document_->stream.state)},
               {"epoch", document_->stream.epoch},
               {"restarts", document_->stream.restarts}};
  if (stream_cause_) message["cause"] = *stream_cause_;
  return message;
}

Json Session::state_message() const {
  Json message{{"type", "state"},
               {"state", to_string(document_->state)},
               {"stage", document_->stage ? Json(to_string(*document_->stage)) : Json(nullptr)}};
  if (document_->is_vm_paused) message["paused"] = true;
  if (document_->cause) {
    message["cause"] = *document_->cause;
  } else if (!troubles_.empty()) {
    message["child"] = troubles_.begin()->first;
    message["cause"] = troubles_.begin()->second;
  }
  if (kept_ && kept_->is_written) message["keptUntil"] = to_rfc3339(kept_->until);
  return message;
}

}  // namespace aerie
