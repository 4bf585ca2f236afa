#include <algorithm>

#include "actors/node/node.hpp"
#include "actors/session/session.hpp"
#include "actors/vm/vm.hpp"

// What has lost its owner: guests whose actor or session failed, and what nobody knows of.

namespace aerie {
namespace {

Cause actor_lost(const std::string& whose, const std::string& reason) {
  return {CauseKind::controller_restarted,
          whose + " actor ended: " + reason + ".",
          "Look at the controller's log and report it.",
          {}};
}

}  // namespace

/// Nobody has seen the guest's end. Another actor takes it over, brings it down and holds what it
/// held, until its session agrees.
void Node::on_vm_lost(const std::string& id, const caf::error& reason) {
  auto& vm = vms_.at(id);
  const auto cause = actor_lost("The VM's", system().render(reason));
  send(environment_->directory.ledger(), RecordEvent{{0,
                                                      environment_->wall(),
                                                      "vm.state",
                                                      vm.session,
                                                      id,
                                                      "",
                                                      {{"state", "failed"}, {"cause", cause}}}});
  vm.is_warm = false;
  if (vm.session.empty()) count_pool_failure();
  Orphan orphan{id, vm.session, vm.driver, vm.slot, {}, cause, {}};
  // One that fails again at once would fail for ever.
  if (std::exchange(vm.is_salvaged, true)) {
    send(environment_->directory.ledger(), ForgetVm{id});
    vms_.erase(id);
    if (const auto session = sessions_.find(orphan.session); session != sessions_.end()) {
      send(session->second.actor, VmFinished{id, cause});
      send(session->second.actor, VmDismantled{id});
    }
    report_orphan(std::move(orphan));
    return finish_drain_when_empty();
  }
  request(environment_->directory.ledger(), caf::infinite, ListResources{id})
      .then(
          [this, orphan](const ResourceList& held) mutable {
            orphan.resources = held.resources;
            const auto session = sessions_.find(orphan.session);
            if (orphan.session.empty()) return salvage_vm(orphan, self());
            if (session == sessions_.end()) return salvage_vm(orphan, {});
            salvage_vm(orphan, session->second.actor);
            send(session->second.actor, VmSalvaged{orphan.vm, vms_.at(orphan.vm).actor});
          },
          [](const caf::error&) {});  // without the ledger the controller ends
}

/// Not by way of SessionOver: the actor itself failed. Its guest is stopped, its files stay for as
/// long as those of any failed session.
void Node::on_session_lost(const std::string& id, const caf::error& reason) {
  sessions_.erase(id);
  const auto cause = actor_lost("The session's", system().render(reason));
  send(environment_->directory.reaper(), ExpectEnds{id, {}, {}});
  for (const auto& [vm_id, vm] : vms_) {
    if (vm.session != id) continue;
    send(vm.actor, StopVm{"controller"});
    report_orphan(
        {vm_id, id, vm.driver, vm.slot, {}, cause, environment_->settings.failed_retention});
  }
  // The ledger knows what became of it since it was created, its holds not least.
  request(environment_->directory.ledger(), caf::infinite, FindSession{id})
      .then(
          [=, this](const SessionFound& found) {
            if (found.document) mark_failed(*found.document, cause);
            close_lost_session(id);  // its guest may have been gone before
          },
          [](const caf::error&) {});  // without the ledger the controller ends
  finish_drain_when_empty();
}

/// An actor for a guest that has none: it ends what runs, then waits to be told to dismantle it.
void Node::salvage_vm(const Orphan& orphan, const VmOwnerActor& owner) {
  VmMemory memory;
  memory.spec.vm = orphan.vm;
  memory.spec.slot = orphan.slot.value_or(0);
  memory.spec.configure.vm = orphan.vm;
  memory.spec.configure.session = orphan.session;
  memory.document.edit().id = orphan.vm;
  memory.document.edit().session = orphan.session;
  memory.document.edit().driver =
      orphan.driver.empty() ? environment_->drivers.begin()->first : orphan.driver;
  memory.document.edit().state = VmState::failed;
  memory.document.edit().created_at = environment_->wall();
  memory.document.edit().cause = orphan.cause;
  memory.has_started = true;
  memory.resources = orphan.resources;
  for (auto& resource : memory.resources) {
    if (resource.id.empty()) resource.id = environment_->new_id();
    resource.vm = orphan.vm;
    resource.session = orphan.session;
  }
  auto& entry = vms_[orphan.vm];
  entry.session = orphan.session;
  entry.driver = memory.document->driver;
  entry.slot = orphan.slot.value_or(-1);
  entry.is_salvaged = true;
  if (const auto profile = environment_->profiles.find(entry.profile);
      profile != environment_->profiles.end())
    memory.spec.configure.profile = profile->second;
  entry.actor = spawn<Vm>(environment_, std::move(memory), owner, address());
  monitor(entry.actor);
  send(entry.actor, StartVm{});
}

// -- orphans --------------------------------------------------------------------------------------

void Node::report_orphan(Orphan orphan) {
  orphans_.push_back(orphan);
  if (const auto reaper = environment_->directory.reaper())
    send(reaper, OrphansFound{{std::move(orphan)}});
}

/// A new reaper knows of none: what is known is told again, and drivers look for what is not.
void Node::on_reaper_begins() {
  for (const auto& [id, session] : sessions_)
    send(session.actor, ReaperBegins{});
  if (!orphans_.empty()) send(environment_->directory.reaper(), OrphansFound{orphans_});
  for (const auto& [name, driver] : environment_->drivers) {
    ++surveys_;
    driver->survey([node = caf::actor_cast<caf::weak_actor_ptr>(self()),
                    name = name](std::vector<Orphan> machines) {
      if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(node))
        post(caf::actor_cast<NodeActor>(strong), MachinesFound{name, std::move(machines)});
    });
  }
}

void Node::on_machines_found(const MachinesFound& found) {
  for (const auto& machine : found.machines) {
    const bool is_known = vms_.contains(machine.vm) || gone_vms_.contains(machine.vm) ||
                          std::any_of(orphans_.begin(), orphans_.end(),
                                      [&](const Orphan& each) { return each.vm == machine.vm; });
    if (is_known) continue;
    auto orphan = machine;
    orphan.driver = found.driver;
    report_machine(orphan);
  }
  if (--surveys_ == 0) gone_vms_.clear();
}

/// The ledger may still know whose it was.
void Node::report_machine(const Orphan& machine) {
  if (machine.slot) addresses_.reserve(*machine.slot);
  request(environment_->directory.ledger(), caf::infinite, AskWhy{machine.vm})
      .then(
          [this, orphan = Orphan{machine}](const WhyAnswer& answer) mutable {
            orphan.session = answer.session;
            report_orphan(std::move(orphan));
          },
          [](const caf::error&) {});  // without the ledger the controller ends
}

caf::result<OrphanAnswer> Node::answer_orphan(const SalvageOrphan& question) {
  const auto& session = question.orphan.session;
  if (session.empty()) return remove_orphan(question);
  auto promise = make_response_promise<OrphanAnswer>();
  request(environment_->directory.ledger(), caf::infinite, FindSession{session})
      .then(
          [this, promise, question](const SessionFound& found) mutable {
            if (found.document && !found.document->holds.empty())
              promise.deliver(
                  OrphanAnswer{RetireAnswer::hold,
                               "Its session is held: " + found.document->holds.front().name + "."});
            else
              promise.deliver(remove_orphan(question));
          },
          [promise](const caf::error&) mutable {
            promise.deliver(OrphanAnswer{RetireAnswer::hold, "The ledger did not answer."});
          });
  return promise;
}

OrphanAnswer Node::remove_orphan(const SalvageOrphan& question) {
  const auto& orphan = question.orphan;
  const auto forget = [&] {
    std::erase_if(orphans_, [&](const Orphan& each) { return each.vm == orphan.vm; });
  };
  const auto vm = vms_.find(orphan.vm);
  const bool is_warm = vm != vms_.end() && vm->second.session.empty() && !vm->second.is_salvaged;
  if (is_warm || (vm != vms_.end() && sessions_.contains(vm->second.session))) {
    forget();
    return {RetireAnswer::keep, "It has an owner by now."};
  }
  if (sessions_.contains(orphan.session))
    return {RetireAnswer::hold, "Its session lives, and has not agreed."};
  if (vm == vms_.end()) salvage_vm(orphan, {});
  forget();
  const auto& entry = vms_.at(orphan.vm);
  send(entry.actor, DismantleVm{{entry.session, orphan.vm, question.proposal, true}});
  return {RetireAnswer::grant, "Nobody owns it, nobody holds it."};
}

/// In place of its actor, which failed: what it held is gone, its outcome is written down.
void Node::close_lost_session(const std::string& id) {
  const bool has_more = std::any_of(vms_.begin(), vms_.end(),
                                    [&](const auto& entry) { return entry.second.session == id; });
  if (has_more) return;
  environment_->logs->close(id);
  send(environment_->directory.ledger(), Remember{id, {}});
}

}  // namespace aerie
