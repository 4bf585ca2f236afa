#include "actors/session/session.hpp"

#include <algorithm>

#include "actors/stream/stream.hpp"

namespace aerie {
namespace {

/// Beyond what the guest's children are given to stop in: releasing, and a busy host.
constexpr Duration retire_slack{60'000};
/// Beyond what the guest's supervisor gives the streamer to be ready in, or waits before a restart.
constexpr Duration stream_slack{5'000};

Duration graces_of(const Profile& profile) {
  Duration total{0};
  for (const auto& child : profile.children)
    total += child.grace;
  return total;
}

}  // namespace

Session::Session(caf::actor_config& config, EnvironmentPtr environment,
                 SharedValue<SessionDocument> document, const SharedValue<Profile>& profile,
                 DisplaySize display, VmActor vm, caf::actor_addr parent,
                 const SessionMemories& memories)
    : Actor(config, "session"),
      environment_(std::move(environment)),
      parent_(std::move(parent)),
      retire_within_(graces_of(*profile) + retire_slack),
      document_(std::move(document)),
      display_(display),
      vm_(std::move(vm)) {
  go_by(document_->id);
  const auto* child = profile->find(Builtin::stream);
  if (child != nullptr) stream_child_ = child->name;
  if (child != nullptr) stream_within_ = child->ready.within + stream_slack;
  has_audio_ = child != nullptr && profile->find(Builtin::audio) != nullptr;
  if (const auto* login = profile->find(Builtin::login)) {
    login_work_ = LoginWork{};
    login_work_->child = login->name;
  }
  if (!memories.empty()) recall(memories);
  const auto stream_memory = memories.find("stream");
  stream_ = spawn<Stream>(environment_, self(), profile, document_->stream.epoch,
                          document_->id + "/stream",
                          stream_memory == memories.end() ? Json(nullptr) : stream_memory->second);
}

Session::Behavior Session::make_behavior() {
  // A child does not outlive its parent.
  set_down_handler([this](const caf::down_msg& down) {
    if (down.source == stream_)
      on_stream_ended();
    else
      quit();
  });
  if (parent_) monitor<caf::message_priority::high>(parent_);
  send(stream_, BindStream{vm_});
  if (is_recalled_) {
    go_on();
  } else {
    record("session.state", {{"state", to_string(document_->state)}});
    start_ticket_ = set_timer(environment_->start_within(document_->driver));
    remember();
    expect_ends();
  }
  return {
      [this](const VmChanged& message) { on_vm_changed(message); },
      [this](const VmStageReached& message) {
        if (message.vm == document_->vm_id) reach(message.stage);
      },
      [this](const VmChildNews& message) {
        if (message.vm != document_->vm_id) return;
        if (message.news.child == stream_child_)
          send<caf::message_priority::high>(stream_, message);
        else
          on_child(message.news);
        if (login_work_ && message.news.child == login_work_->child) on_login_child(message.news);
      },
      [this](const VmStreamSays& message) {
        if (message.vm == document_->vm_id) send(stream_, message);
      },
      [this](const VmLoginSays& message) { on_login_says(message); },
      [this](const VmFinished& message) { on_vm_finished(message); },
      [this](const VmDismantled& message) { on_dismantled(message); },
      [this](const MayRelease& message) { return may_release(message.vm); },
      [this](const Join& message) { return join(message); },
      [this](const ViewerSays& message) { says(message); },
      [this](const ViewerRefused& message) {
        deliver_to(message.viewer, signaling::to_message(message.refusal));
      },
      [this](const ViewerGone& message) { leave(message); },
      [this](const OpenPlayer& message) { return open_player(message); },
      [this](const PlayerCandidates& message) { return add_candidates(message); },
      [this](const ClosePlayer& message) { return close_player(message); },
      [this](const StreamNews& message) { on_stream_news(message); },
      [this](const StreamEpochs& message) {
        living_epochs_ = message.living;
        if (message.last <= document_->stream.epoch) return;
        document_.edit().stream.epoch = message.last;
        publish();
      },
      [this](const StreamToViewer& message) { on_stream_says(message); },
      [this](const FirstFrame&) { reach(Stage::first_frame); },
      [this](const StreamDisplay& message) { on_display(message); },
      [this](const TakeScreenshot& message) -> caf::result<ScreenshotTaken> {
        return delegate(stream_, message);
      },
      [this](const SetHold& message) { return set_hold(message.hold); },
      [this](const ClearHold& message) { return clear_hold(message.name); },
      [this](const Proposal& message) { consider(message); },
      [this](const ReaperBegins&) {
        expected_ends_.clear();
        expect_ends();
        propose_again();
      },
      [this](const VmSalvaged& message) { on_salvaged(message); },
      [this](const CancelLogin& message) { return cancel_login(message); },
      [this](const RetryLogin& message) { return retry_login(message); },
      [this](const CredentialKept& message) { on_credential_kept(message); },
      [this](const CredentialHandedOver&) { on_credential_handed_over(); },
      [this](const TouchSession&) { touch(); },
      [this](const SessionTimer& message) { on_timer(message.ticket); },
  };
}

void Session::on_exit() {
  if (parent_) demonitor(parent_);
  stream_ = nullptr;  // it watches this actor and ends with it
}

// -- the guest ------------------------------------------------------------------------------------

void Session::on_vm_changed(const VmChanged& changed) {
  if (changed.vm != document_->vm_id) return;
  document_.edit().vm_state = changed.state;
  if (std::exchange(document_.edit().is_vm_paused, changed.is_paused) != changed.is_paused)
    broadcast(state_message());
  if (changed.state == VmState::failed && changed.cause) {
    tell_trouble("vmm", *changed.cause);
  } else if (changed.cause && changed.cause->kind == CauseKind::network_failed) {
    tell_trouble("network", *changed.cause);
  } else if (troubles_.erase("network") > 0) {
    told_trouble_.reset();
    broadcast(state_message());
  }
  publish();
}

void Session::on_vm_finished(const VmFinished& finished) {
  if (finished.vm != document_->vm_id) return;
  send(stream_, finished);
  is_guest_finished_ = true;
  write_tombstone_while_held();
  const auto cause =
      finished.cause.value_or(Cause{CauseKind::vmm_exited,
                                    "The guest was stopped by somebody else than its session.",
                                    "Look at the events for who stopped it.",
                                    {}});
  lose_login_agent(cause);
  if (is_final(document_->state) || document_->state == SessionState::retiring) return;
  // A guest that nobody saw end while no controller was there is no fault to try again.
  const bool was_lost = is_recalled_ && cause.kind == CauseKind::controller_restarted;
  const bool is_mendable = !is_permanent(cause.kind) && cause.kind != CauseKind::quota && !was_lost;
  if (replaced_for_ || !is_mendable)
    fail(replaced_for_.value_or(cause));
  else
    replace_vm(cause);
}

/// The stream tells its viewers itself; of every other child they hear here.
void Session::on_child(const link::ChildNews& news) {
  using enum link::ChildNewsKind;
  if (news.kind == started) {
    told_trouble_.reset();
  } else if (news.kind == exited && news.exit->kind != CauseKind::clean) {
    tell_trouble(news.child, cause_of(*news.exit));
    troubles_.erase(news.child);  // whether it stays is the supervisor's decision, which follows
  } else if ((news.kind == restarting || news.kind == given_up) && news.cause) {
    tell_trouble(news.child, *news.cause);
  } else if (news.kind == link::ChildNewsKind::ready && troubles_.erase(news.child) > 0) {
    broadcast(state_message());
  }
}

void Session::tell_trouble(const std::string& child, const Cause& cause) {
  if (is_final(document_->state)) return;
  troubles_[child] = cause;
  const std::pair told{child, cause};
  auto message = state_message();
  message["child"] = child;
  message["cause"] = cause;
  if (std::exchange(told_trouble_, told) != told) broadcast(message);
}

void Session::replace_vm(const Cause& cause) {
  replaced_for_ = cause;
  tell_trouble("vmm", cause);
  request(environment_->directory.node(), caf::infinite, ReplaceVm{document_->id})
      .then([this](const VmGiven& given) { take_fresh_vm(given); },
            [this](const caf::error&) { fail(*replaced_for_); });
}

void Session::take_fresh_vm(const VmGiven& given) {
  if (given.refusal) {
    auto cause = *replaced_for_;
    cause.evidence.push_back("no fresh guest: " + given.refusal->message);
    return fail(cause);
  }
  if (is_final(document_->state) || document_->state == SessionState::retiring) {
    // Too late: what was never started is given back.
    former_vms_.insert(given.id);
    return send(given.vm, DismantleVm{{document_->id, given.id, "superseded"}});
  }
  const auto old = document_->vm_id;
  former_vms_.insert(old);
  troubles_.clear();
  is_guest_finished_ = false;
  vm_ = given.vm;
  document_.edit().vm_id = given.id;
  document_.edit().vm_address = given.address;
  document_.edit().vm_state = VmState::preparing;
  document_.edit().is_vm_paused = false;
  record("vm.replaced", {{"from", old}, {"to", given.id}, {"cause", *replaced_for_}});
  send(stream_, BindStream{vm_});
  send(vm_, StartVm{});
  publish();
  dismantle_former_vms();
}

void Session::on_dismantled(const VmDismantled& dismantled) {
  releasing_.erase(dismantled.vm);
  if (former_vms_.erase(dismantled.vm) == 0) {
    if (dismantled.vm != document_->vm_id) return;
    document_.edit().vm_state = VmState::stopped;
    vm_ = nullptr;
  }
  publish();
  end_when_dismantled();
}

/// Its guest's actor failed; another one has brought the guest to its end, or is about to.
void Session::on_salvaged(const VmSalvaged& salvaged) {
  if (salvaged.vm != document_->vm_id) return;
  vm_ = salvaged.actor;
  if (document_->state == SessionState::failed || document_->state == SessionState::retiring)
    send(vm_, StopVm{"controller"});
  if (granted_) dismantle_vm();  // what was asked of it is asked of its successor
}

void Session::end_when_dismantled() {
  if (is_over_ || !granted_ || vm_ || !former_vms_.empty()) return;
  is_over_ = true;
  // It may have ended already, under a controller that died before it could strike it out.
  if (!is_final(document_->state)) {
    document_.edit().end =
        SessionEnd{granted_->by, std::string{to_string(granted_->reason)}, environment_->wall()};
    enter(SessionState::ended);
    end_viewers();
  }
  publish();
  send(environment_->directory.reaper(), ExpectEnds{document_->id, {}, {}});
  environment_->logs->close(document_->id);
  monitor(stream_);
  send_exit(stream_, caf::exit_reason::user_shutdown);
}

/// Struck out only now: what the stream remembered last would stay behind.
void Session::on_stream_ended() {
  send(environment_->directory.ledger(), Remember{document_->id, {}});
  send(environment_->directory.node(), SessionOver{document_->id});
  quit();
}

void Session::on_stream_news(const StreamNews& news) {
  document_.edit().stream = news.status;
  stream_cause_ = news.cause;
  auto message = stream_message();
  if (news.retry_in) message["retryInMs"] = news.retry_in->count();
  broadcast(message);
  message.erase("type");
  record("stream.state", std::move(message));
  const bool is_under_way =
      news.status.state == StreamState::starting || news.status.state == StreamState::restarting;
  stream_ticket_ =
      is_under_way ? set_timer(news.retry_in.value_or(Duration{0}) + stream_within_) : 0;
  publish();
}

// -- the state ------------------------------------------------------------------------------------

void Session::reach(Stage stage) {
  const auto known = std::any_of(document_->stages.begin(), document_->stages.end(),
                                 [&](const auto& each) { return each.first == stage; });
  if (known) return;
  const auto after = environment_->wall() - document_->created_at;
  document_.edit().stages.emplace_back(stage, after);
  document_.edit().stage = stage;
  record("session.stage", {{"stage", to_string(stage)}, {"atMs", after.count()}});
  if (stage == Stage::ready && document_->state == SessionState::starting)
    return enter(SessionState::ready);
  broadcast(state_message());
  publish();
}

void Session::enter(SessionState state) {
  document_.edit().state = state;
  if (state != SessionState::starting) start_ticket_ = 0;
  retire_ticket_ = state == SessionState::retiring ? set_timer(retire_within_) : 0;
  Json data{{"state", to_string(state)}};
  if (document_->cause) data["cause"] = *document_->cause;
  broadcast(state_message());
  publish(event_of("session.state", std::move(data)));
}

void Session::fail(const Cause& cause) {
  if (is_final(document_->state) || document_->state == SessionState::retiring) return;
  document_.edit().cause = cause;
  document_.edit().end = SessionEnd{"controller", "failed", environment_->wall()};
  enter(SessionState::failed);
  if (vm_) send(vm_, StopVm{"controller"});
  end_viewers();
  lose_login_agent(cause);
  // What viewers are being asked is no question any more.
  if (const auto open = std::exchange(proposal_, std::nullopt)) consider(open->proposal);
}

void Session::end_viewers() {
  for (auto& [id, viewer] : viewers_)
    end_viewer(viewer);
  viewers_.clear();
  forget_messages("");
  controller_.clear();
  control_requests_.clear();
  publish();
}

void Session::on_timer(std::uint64_t ticket) {
  if (ticket == start_ticket_) return on_start_deadline();
  if (ticket == stream_ticket_) return on_stream_deadline();
  if (ticket == retire_ticket_) {
    const Cause cause{CauseKind::deadline,
                      "The session's guest was not dismantled in time.",
                      "Look at the VM's state, and at the holds of the session.",
                      {}};
    return record("deadline.passed", {{"state", to_string(document_->state)}, {"cause", cause}});
  }
  if (login_work_ && login_work_->ticket == ticket) return on_login_deadline();
  if (proposal_ && proposal_->ticket == ticket) {
    // A viewer's silence until the deadline is consent.
    const auto proposal = proposal_->proposal;
    return grant(proposal, "session", "No viewer asked to keep it.");
  }
  for (auto& [id, viewer] : viewers_) {
    if (viewer.expiry_ticket != ticket) continue;
    return forget_viewer(std::string{id});
  }
}

void Session::on_start_deadline() {
  const std::string last{document_->stage ? to_string(*document_->stage) : "none"};
  const Cause cause{CauseKind::deadline,
                    "The session was not ready within " +
                        std::to_string(environment_->start_within(document_->driver).count()) +
                        " ms; the last stage it reached is '" + last + "'.",
                    "Look at the stage it stopped at and at its children's last lines.",
                    {"last stage reached: " + last}};
  record("deadline.passed",
         {{"state", to_string(document_->state)}, {"stage", last}, {"cause", cause}});
  fail(cause);
}

/// The guest's supervisor has a deadline of its own; past this one it is the guest that is silent.
void Session::on_stream_deadline() {
  stream_ticket_ = 0;
  const std::string state{to_string(document_->stream.state)};
  stream_cause_ = Cause{CauseKind::deadline,
                        "The stream's child '" + stream_child_ + "' was still " + state +
                            " at its deadline, and its guest said nothing of it.",
                        "Restart the child, or look at the load of the host.",
                        {}};
  record("deadline.passed", {{"state", state}, {"cause", *stream_cause_}});
  broadcast(stream_message());
}

void Session::publish(std::optional<Event> event) {
  document_.edit().viewers.clear();
  for (const auto& [id, viewer] : viewers_)
    if (viewer.peer) document_.edit().viewers.push_back(viewer.info);
  show_face();
  send(environment_->directory.ledger(), UpdateSession{document_.pointer(), std::move(event)});
  remember();
  expect_ends();
}

void Session::record(std::string kind, Json data) {
  send(environment_->directory.ledger(), RecordEvent{event_of(std::move(kind), std::move(data))});
}

Event Session::event_of(std::string kind, Json data) const {
  return {0,  environment_->wall(), std::move(kind), document_->id, document_->vm_id,
          "", std::move(data)};
}

std::uint64_t Session::set_timer(Duration after) {
  const auto ticket = next_ticket_++;
  send_later(after, SessionTimer{ticket});
  return ticket;
}

}  // namespace aerie
