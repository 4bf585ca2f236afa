#include "actors/node/node.hpp"

#include <algorithm>

#include "actors/session/session.hpp"
#include "actors/vm/vm.hpp"

namespace aerie {
namespace {

/// A guest that boots would take the processor from the session that starts, and its first picture.
constexpr Duration refill_after{3'000};

}  // namespace

Node::Node(caf::actor_config& config, EnvironmentPtr environment, AddressPool addresses,
           std::shared_ptr<const StoreContents> contents)
    : Actor(config, "node"),
      environment_(std::move(environment)),
      addresses_(std::move(addresses)),
      contents_(std::move(contents)) {}

Node::Behavior Node::make_behavior() {
  set_down_handler([this](const caf::down_msg& down) { on_down(down); });
  if (const auto contents = std::exchange(contents_, nullptr)) adopt(*contents);
  refill_pool();
  return {
      // As the owner of warm guests.
      [this](const VmChanged&) {},
      [this](const VmStageReached& message) { on_vm_stage(message); },
      [](const VmChildNews&) {},
      [](const VmStreamSays&) {},
      [](const VmLoginSays&) {},
      [this](const VmFinished& message) { on_vm_finished(message.vm); },
      [this](const VmDismantled& message) { on_vm_gone(message.vm); },
      [](const MayRelease&) { return ReleaseAllowed{true}; },

      [this](const CreateSession& message) { return create(message); },
      [this](const DiskSpace& message) { disk_ = message; },
      [this](const FindSessionActor& message) {
        const auto found = sessions_.find(message.id);
        return SessionActorFound{found == sessions_.end() ? SessionActor{} : found->second.actor};
      },
      [this](const FindVmActor& message) {
        const auto found = vms_.find(message.id);
        return VmActorFound{found == vms_.end() ? VmActor{} : found->second.actor};
      },
      [this](const ReplaceVm& message) { return replace(message); },
      [this](const SessionOver& message) {
        const auto over = sessions_.extract(message.session);
        if (over) demonitor(over.mapped().actor.address());
        finish_drain_when_empty();
      },
      [this](const DrainNode& message) { return drain(message); },
      [this](const UndrainNode& message) { undrain(message); },
      [this](const SalvageOrphan& message) { return answer_orphan(message); },
      [this](const MachinesFound& message) { on_machines_found(message); },
      [this](const OrphansFound& message) {
        for (const auto& orphan : message.orphans)
          report_orphan(orphan);
      },
      [this](const ReaperBegins&) { on_reaper_begins(); },
      [this](const NodeTimer& message) {
        if (message.ticket == retry_ticket) {
          pool_failures_ = 0;
          refill_pool();
        } else if (message.ticket == refill_ticket) {
          refill_pool();
        } else if (message.ticket == drain_ticket) {
          answer_drains();
        }
      },
      [this](const AskNodeFigures&) { return figures(); },
  };
}

// -- sessions -------------------------------------------------------------------------------------

caf::result<SessionCreated> Node::create(const CreateSession& wish) {
  const auto& request = wish.request;
  const auto profile = environment_->profiles.find(request.profile);
  if (is_draining_)
    return SessionCreated{nullptr, Cause{CauseKind::requested,
                                         "The controller takes no new sessions.",
                                         "Ask another one, or again after its restart.",
                                         {}}};
  if (profile == environment_->profiles.end())
    return SessionCreated{nullptr, Cause{CauseKind::exec_not_found,
                                         "There is no profile '" + request.profile + "'.",
                                         "Name one of config/profiles or profiles.path.",
                                         {}}};
  if (auto refusal = over_sessions()) return SessionCreated{nullptr, refusal};
  auto warm = take_warm(request);
  if (!warm)
    if (auto refusal = over_quota(*profile->second, request.driver))
      return SessionCreated{nullptr, refusal};
  const auto slot = warm ? std::optional{vms_.at(*warm).slot} : addresses_.take();
  if (!slot) return SessionCreated{nullptr, quota("Every address of network.pool is in use.")};

  SessionDocument document;
  document.id = environment_->new_id();
  document.user_id = request.user_id;
  document.provider = request.provider;
  document.profile = request.profile;
  document.driver = request.driver;
  document.labels = request.labels;
  document.created_at = environment_->wall();
  document.idle = request.idle;
  document.max = request.max;
  document.credential_key = request.credential_key;
  if (const auto provider = environment_->providers.find(request.provider);
      provider != environment_->providers.end() &&
      profile->second->find(Builtin::login) != nullptr) {
    LoginStatus login;
    login.provider = provider->second->name;
    login.started_at = document.created_at;
    login.until = document.created_at + provider->second->within;
    document.login = std::move(login);
  }
  document.vm_address = addresses_.address(*slot);
  document.vm_id = warm ? *warm : make_vm(request, profile->second, document.id, {}, *slot);

  auto& vm = vms_.at(document.vm_id);
  vm.session = document.id;
  vm.is_warm = false;
  if (warm) show_pool();
  const auto display = request.display.value_or(profile->second->display);
  const SharedValue<SessionDocument> shared_document{std::move(document)};
  const auto session =
      spawn<Session>(environment_, shared_document, profile->second, display, vm.actor, address());
  monitor(session);
  const auto shared = shared_document.pointer();
  sessions_[shared->id] = {session, request, profile->second, false, shared->vm_id};

  // Before the session itself: whoever was told of it is adopted, though its actor remember
  // nothing.
  remember_request(shared->id, sessions_.at(shared->id));
  auto promise = make_response_promise<SessionCreated>();
  this->request(environment_->directory.ledger(), caf::infinite, SaveSession{shared})
      .then(
          [=, this, digest = wish.token_digest,
           is_warm = warm.has_value()](const Saved& saved) mutable {
            if (saved.failure) {
              forget_unsaved(shared->id, is_warm);
              promise.deliver(SessionCreated{nullptr, saved.failure});
              return;
            }
            on_saved(shared->id, digest, is_warm);
            promise.deliver(SessionCreated{shared, std::nullopt});
          },
          [=, this, is_warm = warm.has_value()](const caf::error& error) mutable {
            forget_unsaved(shared->id, is_warm);
            promise.deliver(SessionCreated{
                nullptr, Cause{CauseKind::store_failed,
                               "The ledger did not answer: " + system().render(error) + ".",
                               "Look at the controller's log.",
                               {}}});
          });
  return promise;
}

void Node::on_saved(const std::string& session, const std::string& token_digest, bool is_warm) {
  send(environment_->directory.ledger(),
       SaveToken{token_digest, session, TokenUse::session, std::nullopt});
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;  // retired while it was written down
  const auto& entry = found->second;
  const auto vm = vms_.find(entry.vm);
  if (vm == vms_.end()) return;
  send(vm->second.actor,
       AssignVm{session, is_warm ? entry.request.url : "", entry.request.max, entry.actor});
  if (!is_warm) send(vm->second.actor, StartVm{});
  send_later(refill_after, NodeTimer{refill_ticket});
}

void Node::forget_unsaved(const std::string& session, bool is_warm) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  // The session never was: the node is the guest's owner and consents itself.
  const auto vm = vms_.find(found->second.vm);
  if (vm != vms_.end())
    send(vm->second.actor, DismantleVm{{is_warm ? "" : session, vm->first, ""}});
  unsaved_[found->second.actor.address()] = session;
  if (const auto reaper = environment_->directory.reaper())
    send(reaper, ExpectEnds{session, {}, {}});
  send_exit(found->second.actor, caf::exit_reason::user_shutdown);
  sessions_.erase(found);
}

// -- VMs ------------------------------------------------------------------------------------------

std::string Node::make_vm(const SessionRequest& request, const SharedValue<Profile>& profile,
                          const std::string& session, const VmOwnerActor& owner, int slot) {
  MachineSpec spec;
  spec.vm = environment_->new_id();
  spec.slot = slot;
  spec.address = addresses_.address(slot);
  auto& configure = spec.configure;
  configure.vm = spec.vm;
  configure.profile = profile;
  configure.session = session;
  configure.url = request.url;
  configure.env = request.env;
  configure.display = request.display.value_or(profile->display);
  configure.file_bytes = environment_->settings.file_bytes;
  configure.ice_servers = environment_->settings.ice_servers;
  configure.orphan_after = environment_->settings.orphan_after;
  configure.max_age = request.max;
  const auto id = spec.vm;
  VmEntry entry;
  entry.actor = spawn<Vm>(environment_, std::move(spec), request.driver, owner, address());
  entry.slot = slot;
  entry.session = session;
  entry.profile = request.profile;
  entry.driver = request.driver;
  entry.resources = profile->resources;
  monitor(entry.actor);
  vms_[id] = std::move(entry);
  return id;
}

VmGiven Node::replace(const ReplaceVm& wish) {
  const auto session = sessions_.find(wish.session);
  if (session != sessions_.end() && session->second.is_env_lost)
    return {{},
            {},
            {},
            Cause{CauseKind::controller_restarted,
                  "The session's environment is not kept across a controller's restart.",
                  "Start a new session with it.",
                  {}}};
  const auto slot = session == sessions_.end() ? std::nullopt : addresses_.take();
  if (!slot) return {{}, {}, {}, quota("No address of network.pool is free for a fresh guest.")};
  const auto& request = session->second.request;
  const auto id =
      make_vm(request, session->second.profile, wish.session, session->second.actor, *slot);
  session->second.vm = id;
  return {vms_.at(id).actor, id, addresses_.address(*slot), std::nullopt};
}

void Node::on_vm_gone(const std::string& vm) {
  const auto found = vms_.find(vm);
  if (found == vms_.end()) return;
  if (surveys_ > 0) gone_vms_.insert(vm);
  addresses_.give_back(found->second.slot);
  // A guest that was not handed over yet does not know its session.
  if (const auto session = sessions_.find(found->second.session); session != sessions_.end())
    send(session->second.actor, VmDismantled{vm});
  const auto owner = found->second.session;
  const bool was_warm = owner.empty();
  demonitor(found->second.actor.address());
  vms_.erase(found);
  if (!was_warm && !sessions_.contains(owner)) close_lost_session(owner);
  if (was_warm) refill_pool();
  finish_drain_when_empty();
}

void Node::on_down(const caf::down_msg& down) {
  // What the actor of a session that never was remembered is struck out after its last word.
  if (const auto unsaved = unsaved_.extract(down.source))
    return send(environment_->directory.ledger(), Remember{unsaved.mapped(), {}});
  for (const auto& [id, vm] : vms_)
    if (vm.actor.address() == down.source) return on_vm_lost(std::string{id}, down.reason);
  for (const auto& [id, session] : sessions_)
    if (session.actor.address() == down.source)
      return on_session_lost(std::string{id}, down.reason);
}

// -- draining -------------------------------------------------------------------------------------

caf::result<Drained> Node::drain(const DrainNode& wish) {
  tell_draining(true, wish.by);
  if (!wish.stop_guests) return Drained{sessions_.size()};
  drained_.push_back(make_response_promise<Drained>());
  auto promise = drained_.back();
  retire_all(wish.by);
  send_later(wish.within, NodeTimer{drain_ticket});
  finish_drain_when_empty();
  return promise;
}

void Node::undrain(const UndrainNode& wish) {
  if (!drained_.empty()) return;  // it ends
  tell_draining(false, wish.by);
  refill_pool();
}

void Node::tell_draining(bool is_draining, const std::string& by) {
  if (std::exchange(is_draining_, is_draining) == is_draining) return;
  const char* state = is_draining ? "draining" : "running";
  face_ = {state,
           environment_->wall(),
           is_draining ? "No new sessions are taken: asked by " + by + "." : "",
           0,
           0,
           {},
           std::move(face_.figures)};
  show(face_);
  send(environment_->directory.ledger(),
       RecordEvent{
           {0, environment_->wall(), "node.state", "", "", "", {{"state", state}, {"by", by}}}});
}

void Node::retire_all(const std::string& by) {
  for (const auto& [id, session] : sessions_)
    post(environment_->directory.reaper(),
         ProposeRetirement{id, session.actor, RetireReason::shutdown, by, true});
  for (auto& [id, vm] : vms_) {
    if (!vm.session.empty() || vm.is_going) continue;
    vm.is_going = true;
    vm.is_warm = false;
    send(vm.actor, DismantleVm{{"", id, ""}});
  }
}

void Node::finish_drain_when_empty() {
  if (sessions_.empty() && vms_.empty()) answer_drains();
}

void Node::answer_drains() {
  for (auto& promise : std::exchange(drained_, {}))
    promise.deliver(Drained{std::max(sessions_.size(), vms_.size())});
}

}  // namespace aerie
