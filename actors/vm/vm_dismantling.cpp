#include <algorithm>

#include "actors/core/planted.hpp"
#include "actors/vm/vm.hpp"

// From the owner's consent to the last release: the evidence is safe first.

namespace aerie {
namespace {

constexpr Duration tombstone_retry{2000};

}  // namespace

void Vm::dismantle(const ReleaseToken& token) {
  if (token.vm != spec_.vm || token.session != document_->session) {
    record("deadline.passed", "",
           {{"detail", "A dismantling without the owner's token was refused."}});
    return;
  }
  if (token_) return;
  token_ = token;
  if (has_exited_) return write_tombstone();
  stop("reaper", false);
}

/// What there is to know of the session is safe before the first thing goes.
void Vm::write_tombstone() {
  const bool was_nobodys = document_->session.empty() || (!owner_ && !has_started_);
  if (was_nobodys || resources_.empty()) return ask_owner();
  if (is_planted(PlantedBug::release_before_tombstone)) return ask_owner();
  request(environment_->directory.ledger(), caf::infinite,
          WriteTombstone{document_->session, spec_.vm})
      .then(
          [this](const Saved& saved) {
            if (!saved.failure) return ask_owner();
            tombstone_ticket_ = ++ticket_;  // no other deadline matters to what runs no more
            send_later(tombstone_retry, VmTimer{tombstone_ticket_});
          },
          [](const caf::error&) {});  // without the ledger the controller ends
}

/// The token may be void: what holds the session now came after it.
void Vm::ask_owner() {
  if (token_->is_orphan) return ask_ledger();
  if (!owner_) return release_next();
  request(owner_, caf::infinite, MayRelease{spec_.vm})
      .then(
          [this](const ReleaseAllowed& answer) {
            if (answer.is_allowed) return release_next();
            token_.reset();
          },
          [this](const caf::error&) { token_.reset(); });  // it is gone, and so is its consent
}

/// Its session's actor is gone. What holds it by now is asked again after a while.
void Vm::ask_ledger() {
  request(environment_->directory.ledger(), caf::infinite, MayRelease{spec_.vm})
      .then(
          [this](const ReleaseAllowed& answer) {
            if (answer.is_allowed) return release_next();
            token_.reset();
            const Cause held{CauseKind::requested,
                             "The session of the guest " + spec_.vm + " is held.",
                             "Clear the hold, and it goes.",
                             {}};
            if (const auto node = environment_->directory.node())
              send(node, OrphansFound{{{spec_.vm,
                                        document_->session,
                                        document_->driver,
                                        std::nullopt,
                                        {},
                                        held,
                                        std::nullopt}}});
          },
          [](const caf::error&) {});  // without the ledger the controller ends
}

void Vm::release_next() {
  while (!resources_.empty() && resources_.back()->kind == "address") {
    send(environment_->directory.ledger(), ReleaseResource{*resources_.back()});
    resources_.pop_back();
  }
  if (!resources_.empty()) {
    if (machine_) return machine_->release(*resources_.back());
    resources_.clear();
  }
  if (!unreleased_.empty()) {
    // Its owner is done with it; the reaper tries again later, and by the node's word the next one.
    std::reverse(unreleased_.begin(), unreleased_.end());
    if (const auto node = environment_->directory.node())
      send(node, OrphansFound{{{spec_.vm, document_->session, document_->driver, std::nullopt,
                                std::move(unreleased_), *release_failure_, std::nullopt}}});
  }
  if (owner_) send(owner_, VmDismantled{spec_.vm});
  if (const auto node = environment_->directory.node()) send(node, VmDismantled{spec_.vm});
  send(environment_->directory.ledger(), ForgetVm{spec_.vm});
  send(environment_->directory.ledger(), Remember{spec_.vm, {}});
  machine_.reset();
  quit();
}

void Vm::on_released(const MachineReleased& released) {
  if (resources_.empty() || resources_.back()->id != released.resource.id) return;
  if (released.failure) {
    release_failure_ = released.failure;
    unreleased_.push_back(*resources_.back());
  } else {
    send(environment_->directory.ledger(), ReleaseResource{released.resource});
  }
  resources_.pop_back();
  release_next();
}

}  // namespace aerie
