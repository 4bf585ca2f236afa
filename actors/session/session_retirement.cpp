#include <algorithm>

#include "actors/core/hold_refusal.hpp"
#include "actors/core/planted.hpp"
#include "actors/session/session.hpp"

namespace aerie {
namespace {

Json retire_message(const Proposal& proposal, Duration deadline) {
  return {{"type", "retire"},
          {"proposal", proposal.id},
          {"reason", to_string(proposal.reason)},
          {"deadlineMs", deadline.count()},
          {"forced", proposal.forced}};
}

/// Why a session ended that did not fail.
Cause cause_of_end(const Proposal& proposal) {
  const auto reason = proposal.reason;
  const bool was_time = reason == RetireReason::idle || reason == RetireReason::max_age;
  return {was_time ? CauseKind::deadline : CauseKind::requested,
          "The session was retired by " + proposal.by + ": " + std::string{to_string(reason)} + ".",
          was_time ? "Start a new one, with a longer idleMs or maxMs if it went too soon."
                   : "Nothing has failed; start a new session to go on.",
          {}};
}

}  // namespace

void Session::consider(const Proposal& proposal) {
  // A grant given stays given; whoever lost it (a reaper that was restarted) hears it again.
  if (granted_) return answer(proposal, RetireAnswer::grant, "session", "It was granted before.");
  // The viewers are being asked already; it may have another reason by now.
  if (proposal_ && proposal_->proposal.id == proposal.id && !proposal.forced) {
    proposal_->proposal.reason = proposal.reason;
    proposal_->proposal.by = proposal.by;
    return remember();
  }
  if (kept_) kept_until_ = std::min(kept_->until, environment_->wall());
  kept_.reset();
  if (login_work_) login_work_->refused.reset();
  const bool is_leaving = is_final(document_->state) || document_->state == SessionState::retiring;
  if (proposal.forced && !is_leaving) broadcast(retire_message(proposal, Duration{0}));
  held_.reset();
  if (!document_->holds.empty()) return hold_back(proposal);
  if (proposal.forced) return grant(proposal, "session", "It was forced.");
  if (refuse_for_login(proposal) || answer_untimely(proposal)) return;
  if (is_leaving) return grant(proposal, "session", "Its guest is stopped, nothing holds it.");
  if (who_can_answer() > 0) return ask_viewers(proposal);
  grant(
      proposal, "session",
      connected() > 0 ? "No viewer is connected that could be asked." : "No viewer is connected.");
}

/// What has happened between the reaper's word and this one may have made the reason void.
bool Session::answer_untimely(const Proposal& proposal) {
  const auto now = environment_->wall();
  const bool is_idle = proposal.reason == RetireReason::idle;
  std::optional<Instant> deadline;
  std::string why;
  if (document_->state == SessionState::failed) {
    if (!is_idle && proposal.reason != RetireReason::max_age) return false;
    deadline = document_->end->at + environment_->settings.failed_retention;
    why = "It failed; its guest's files are kept for a while.";
  } else {
    if (!is_idle || document_->state != SessionState::ready) return false;
    deadline = idle_deadline();
    why = deadline ? "It was in use since." : "A viewer is connected.";
    if (!deadline) deadline = now + document_->idle;
  }
  if (*deadline <= now) return false;
  remember();
  answer(proposal, RetireAnswer::keep, "session", why, deadline);
  return true;
}

/// Waits for the last hold to be cleared. Force stops the guest, but deletes nothing either.
void Session::hold_back(const Proposal& proposal) {
  proposal_.reset();
  held_ = proposal;
  if (proposal.forced) {
    if (!is_final(document_->state) && document_->state != SessionState::retiring)
      enter(SessionState::retiring);
    if (vm_) send(vm_, StopVm{proposal.by});
    retire_ticket_ = 0;  // it is as long under way as it is held
    write_tombstone_while_held();
  }
  remember();
  answer(proposal, RetireAnswer::hold, "session",
         "It is held: " + document_->holds.front().name + ".");
}

void Session::ask_viewers(const Proposal& proposal) {
  OpenProposal open{
      proposal, {}, set_timer(proposal.deadline), environment_->wall() + proposal.deadline};
  for (const auto& [id, viewer] : viewers_)
    if (viewer.peer && !viewer.player) open.undecided.insert(id);
  proposal_ = std::move(open);
  remember();
  broadcast(retire_message(proposal, proposal.deadline));
}

void Session::ask_newcomer(Viewer& viewer) {
  if (!proposal_ || !viewer.resource.empty()) return;
  proposal_->undecided.insert(viewer.info.id);
  remember();
  const auto left = std::max(proposal_->until - environment_->wall(), Duration{0});
  deliver(viewer, retire_message(proposal_->proposal, left));
}

void Session::keep(const std::string& id, const signaling::Keep& keep) {
  if (!proposal_ || proposal_->proposal.id != keep.proposal)
    return refuse(id, "no-such-proposal", "There is no such proposal, or it is decided.",
                  "proposal");
  const auto latest = document_->created_at + document_->max;
  if (latest <= environment_->wall())
    return refuse(id, "bad-field", "The session has reached its maxMs; it can't be kept.", "forMs");
  const auto until = std::min(environment_->wall() + keep.for_time, latest);
  const auto proposal = proposal_->proposal;
  proposal_.reset();
  kept_ = KeptProposal{proposal, until, false};
  remember();
  answer(proposal, RetireAnswer::keep, "viewer:" + id, "The viewer asked to keep it.", until);
  // It stays: whoever shows that it goes shows it no more. Told once the next controller would know
  // as well; where it can't be written down it stands for as long as this one does.
  const auto tell = [this, kept = proposal.id](bool is_written) {
    if (!kept_ || kept_->proposal.id != kept) return;
    kept_->is_written = is_written;
    broadcast(state_message());
  };
  request(environment_->directory.ledger(), caf::infinite, SaveSession{document_.pointer()})
      .then([tell](const Saved& saved) { tell(!saved.failure); },
            [](const caf::error&) {});  // without the ledger the controller ends
}

void Session::release(const std::string& id, const signaling::Release& release) {
  if (!proposal_ || proposal_->proposal.id != release.proposal)
    return refuse(id, "no-such-proposal", "There is no such proposal, or it is decided.",
                  "proposal");
  proposal_->undecided.erase(id);
  remember();
  if (proposal_->undecided.empty())
    grant(Proposal{proposal_->proposal}, "viewer:" + id, "Every viewer agreed.");
}

void Session::grant(const Proposal& proposal, const std::string& who, const std::string& why) {
  proposal_.reset();
  granted_ = proposal;
  held_.reset();
  if (is_login_under_way()) enter_login(LoginState::cancelled, cause_of_end(proposal));
  if (document_->state != SessionState::failed) {
    document_.edit().cause = cause_of_end(proposal);
    if (document_->state != SessionState::retiring) enter(SessionState::retiring);
  }
  retire_ticket_ = set_timer(retire_within_);
  remember();
  expect_ends();
  answer(proposal, RetireAnswer::grant, who, why);
  end_when_dismantled();  // a guest that is already gone needs no dismantling
}

/// A hold may have come after the grant: then nothing is released until it is cleared.
ReleaseAllowed Session::may_release(const std::string& vm) {
  const bool is_former = former_vms_.contains(vm);
  const bool is_agreed = is_former || (vm == document_->vm_id && granted_);
  const bool is_allowed =
      is_agreed && (document_->holds.empty() || is_planted(PlantedBug::stale_consent));
  if (is_allowed) releasing_.insert(vm);
  return {is_allowed};
}

void Session::dismantle_vm() {
  if (vm_) send(vm_, DismantleVm{{document_->id, document_->vm_id, granted_->id}});
}

/// A forced proposal under a hold deletes nothing, but what there is to say is safe.
void Session::write_tombstone_while_held() {
  if (!held_ || !held_->forced || !is_guest_finished_) return;
  request(environment_->directory.ledger(), caf::infinite,
          WriteTombstone{document_->id, document_->vm_id})
      .then([](const Saved&) {},  // if it failed, it is written before the first release
            [](const caf::error&) {});
}

/// With them goes evidence, so they wait for the holds as well.
void Session::dismantle_former_vms() {
  if (!document_->holds.empty()) return;
  for (const auto& id : former_vms_)
    request(environment_->directory.node(), caf::infinite, FindVmActor{id})
        .then(
            [this, id](const VmActorFound& found) {
              if (!found.actor) return on_dismantled({id});
              if (document_->holds.empty())
                send(found.actor, DismantleVm{{document_->id, id, "superseded"}});
            },
            [](const caf::error&) {});  // without its node this actor ends too
}

void Session::answer(const Proposal& proposal, RetireAnswer kind, const std::string& who,
                     const std::string& why, std::optional<Instant> until) {
  RetireAnswered answered{proposal.id, kind, who, why, until, std::nullopt, {}};
  if (kind == RetireAnswer::grant) {
    answered.token = ReleaseToken{document_->id, document_->vm_id, proposal.id};
    answered.vm = vm_;
  }
  send(environment_->directory.reaper(), std::move(answered));
}

caf::result<HoldAnswer> Session::set_hold(const Hold& hold) {
  // A hold that came too late must not be promised.
  if (!releasing_.empty()) return HoldAnswer{std::nullopt, being_deleted(*releasing_.begin())};
  auto& holds = document_.edit().holds;
  const auto found = std::find_if(holds.begin(), holds.end(),
                                  [&](const Hold& each) { return each.name == hold.name; });
  if (found != holds.end())
    found->reason = hold.reason;
  else
    holds.push_back(hold);
  record("hold.set", hold);
  publish();
  // Viewers are no longer asked: whatever they say, it stays.
  if (proposal_) hold_back(Proposal{proposal_->proposal});
  return answer_when_written(hold);
}

caf::result<HoldAnswer> Session::clear_hold(const std::string& name) {
  auto& holds = document_.edit().holds;
  const auto found =
      std::find_if(holds.begin(), holds.end(), [&](const Hold& each) { return each.name == name; });
  if (found == holds.end()) return HoldAnswer{};
  const auto cleared = *found;
  holds.erase(found);
  record("hold.cleared", cleared);
  publish();
  auto answer = answer_when_written(cleared);
  if (!document_->holds.empty()) return answer;
  dismantle_former_vms();
  if (granted_) {
    retire_ticket_ = set_timer(retire_within_);
    dismantle_vm();
  } else if (held_) {
    consider(Proposal{*held_});
  }
  return answer;
}

/// Whoever was told of a hold may rely on it, also under the next controller.
caf::result<HoldAnswer> Session::answer_when_written(const Hold& hold) {
  auto promise = make_response_promise<HoldAnswer>();
  request(environment_->directory.ledger(), caf::infinite, SaveSession{document_.pointer()})
      .then(
          [promise, hold](const Saved& saved) mutable {
            promise.deliver(HoldAnswer{hold, saved.failure});
          },
          [promise, hold](const caf::error&) mutable {
            promise.deliver(HoldAnswer{hold, Cause{CauseKind::store_failed,
                                                   "The ledger did not answer.",
                                                   "Look at the controller's log.",
                                                   {}}});
          });
  return promise;
}

}  // namespace aerie
