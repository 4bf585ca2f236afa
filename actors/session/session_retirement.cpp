#include <algorithm>

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
  // An earlier reaper's, which this one took up: the viewers are being asked.
  const bool is_asked = proposal_ && proposal_->proposal.id == proposal.id;
  if (is_asked && !proposal.forced && is_recalled_) return;
  kept_.reset();
  const bool is_leaving = is_final(document_.state) || document_.state == SessionState::retiring;
  if (proposal.forced && !is_leaving) broadcast(retire_message(proposal, Duration{0}));
  held_.reset();
  if (!document_.holds.empty()) return hold_back(proposal);
  if (proposal.forced) return grant(proposal, "session", "It was forced.");
  if (is_leaving) return grant(proposal, "session", "Its guest is stopped, nothing holds it.");
  if (connected() > 0) return ask_viewers(proposal);
  grant(proposal, "session", "No viewer is connected.");
}

/// Waits for the last hold to be cleared. Force stops the guest, but deletes nothing either.
void Session::hold_back(const Proposal& proposal) {
  proposal_.reset();
  held_ = proposal;
  if (proposal.forced) {
    if (!is_final(document_.state) && document_.state != SessionState::retiring)
      enter(SessionState::retiring);
    if (vm_) send(vm_, StopVm{proposal.by});
  }
  remember();
  answer(proposal, RetireAnswer::hold, "session",
         "It is held: " + document_.holds.front().name + ".");
}

void Session::ask_viewers(const Proposal& proposal) {
  OpenProposal open{
      proposal, {}, set_timer(proposal.deadline), environment_->wall() + proposal.deadline};
  for (const auto& [id, viewer] : viewers_)
    if (viewer.peer) open.undecided.insert(id);
  proposal_ = std::move(open);
  remember();
  broadcast(retire_message(proposal, proposal.deadline));
}

void Session::ask_newcomer(Viewer& viewer) {
  if (!proposal_) return;
  proposal_->undecided.insert(viewer.info.id);
  remember();
  const auto left = std::max(proposal_->until - environment_->wall(), Duration{0});
  deliver(viewer, retire_message(proposal_->proposal, left));
}

void Session::keep(const std::string& id, const signaling::Keep& keep) {
  if (!proposal_ || proposal_->proposal.id != keep.proposal)
    return refuse(id, "no-such-proposal", "There is no such proposal, or it is decided.",
                  "proposal");
  const auto latest = document_.created_at + document_.max;
  if (latest <= environment_->wall())
    return refuse(id, "bad-field", "The session has reached its maxMs; it can't be kept.", "forMs");
  const auto until = std::min(environment_->wall() + keep.for_time, latest);
  const auto proposal = proposal_->proposal;
  proposal_.reset();
  kept_ = KeptProposal{proposal, until};
  remember();
  answer(proposal, RetireAnswer::keep, "viewer:" + id, "The viewer asked to keep it.", until);
  broadcast(state_message());  // it stays: whoever shows that it goes shows it no more
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
  if (document_.state != SessionState::failed) {
    document_.cause = cause_of_end(proposal);
    if (document_.state != SessionState::retiring) enter(SessionState::retiring);
  }
  remember();
  answer(proposal, RetireAnswer::grant, who, why);
  // A guest that is already gone needs no dismantling.
  if (!vm_) on_dismantled(VmDismantled{document_.vm_id});
}

void Session::answer(const Proposal& proposal, RetireAnswer kind, const std::string& who,
                     const std::string& why, std::optional<Instant> until) {
  RetireAnswered answered{proposal.id, kind, who, why, until, std::nullopt, {}};
  if (kind == RetireAnswer::grant) {
    answered.token = ReleaseToken{document_.id, document_.vm_id, proposal.id};
    answered.vm = vm_;
  }
  send(environment_->directory.reaper(), std::move(answered));
}

HoldAnswer Session::set_hold(const Hold& hold) {
  auto& holds = document_.holds;
  const auto found = std::find_if(holds.begin(), holds.end(),
                                  [&](const Hold& each) { return each.name == hold.name; });
  if (found != holds.end())
    found->reason = hold.reason;
  else
    holds.push_back(hold);
  record("hold.set", hold);
  publish();
  return {hold};
}

HoldAnswer Session::clear_hold(const std::string& name) {
  auto& holds = document_.holds;
  const auto found =
      std::find_if(holds.begin(), holds.end(), [&](const Hold& each) { return each.name == name; });
  if (found == holds.end()) return {};
  const auto cleared = *found;
  holds.erase(found);
  record("hold.cleared", cleared);
  publish();
  if (holds.empty() && held_) consider(Proposal{*held_});
  return {cleared};
}

}  // namespace aerie
