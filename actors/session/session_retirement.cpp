#include <algorithm>

#include "actors/session/session.hpp"

namespace aerie {

void Session::consider(const Proposal& proposal) {
  if (document_.state == SessionState::retiring) return;  // the grant is under way
  if (document_.state == SessionState::failed) return grant(proposal, "session", "It has failed.");
  if (proposal.forced) {
    broadcast({{"type", "retire"},
               {"proposal", proposal.id},
               {"reason", to_string(proposal.reason)},
               {"deadlineMs", 0},
               {"forced", true}});
    return grant(proposal, "session", "It was forced.");
  }
  held_.reset();
  if (!document_.holds.empty()) {
    held_ = proposal;
    return answer(proposal, RetireAnswer::hold, "session",
                  "It is held: " + document_.holds.front().name + ".");
  }
  if (connected() > 0) return ask_viewers(proposal);
  grant(proposal, "session", "No viewer is connected.");
}

void Session::ask_viewers(const Proposal& proposal) {
  OpenProposal open{proposal, {}, set_timer(proposal.deadline), false};
  for (const auto& [id, viewer] : viewers_)
    if (viewer.peer) open.undecided.insert(id);
  proposal_ = std::move(open);
  broadcast({{"type", "retire"},
             {"proposal", proposal.id},
             {"reason", to_string(proposal.reason)},
             {"deadlineMs", proposal.deadline.count()},
             {"forced", false}});
}

void Session::keep(const std::string& id, const signaling::Keep& keep) {
  if (!proposal_ || proposal_->proposal.id != keep.proposal)
    return refuse(id, "no-such-proposal", "There is no such proposal, or it is decided.",
                  "proposal");
  const auto latest = document_.created_at + document_.max;
  const auto until = std::min(environment_->wall() + keep.for_time, latest);
  proposal_->is_kept = true;
  proposal_->ticket = 0;
  answer(proposal_->proposal, RetireAnswer::keep, "viewer:" + id, "The viewer asked to keep it.",
         until);
  proposal_.reset();
}

void Session::release(const std::string& id, const signaling::Release& release) {
  if (!proposal_ || proposal_->proposal.id != release.proposal)
    return refuse(id, "no-such-proposal", "There is no such proposal, or it is decided.",
                  "proposal");
  proposal_->undecided.erase(id);
  if (proposal_->undecided.empty())
    grant(Proposal{proposal_->proposal}, "viewer:" + id, "Every viewer agreed.");
}

void Session::grant(const Proposal& proposal, const std::string& who, const std::string& why) {
  proposal_.reset();
  granted_ = proposal;
  if (document_.state != SessionState::failed) enter(SessionState::retiring);
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
  if (found != holds.end()) found->reason = hold.reason;
  else holds.push_back(hold);
  record("hold.set", hold);
  publish();
  return {hold};
}

HoldAnswer Session::clear_hold(const std::string& name) {
  auto& holds = document_.holds;
  const auto found = std::find_if(holds.begin(), holds.end(),
                                  [&](const Hold& each) { return each.name == name; });
  if (found == holds.end()) return {};
  const auto cleared = *found;
  holds.erase(found);
  record("hold.cleared", cleared);
  publish();
  if (holds.empty() && held_) consider(Proposal{*held_});
  return {cleared};
}

}  // namespace aerie
