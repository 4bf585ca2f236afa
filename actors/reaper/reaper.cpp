#include "actors/reaper/reaper.hpp"

namespace aerie {
namespace {

/// Beyond the viewers' deadline: a session actor that is still silent then is escalated.
constexpr Duration session_slack{5000};

}  // namespace

Reaper::Reaper(caf::actor_config& config, EnvironmentPtr environment)
    : Actor(config, "reaper"), environment_(std::move(environment)) {}

Reaper::Behavior Reaper::make_behavior() {
  return {
      [this](const ProposeRetirement& message) { return propose(message); },
      [this](const RetireAnswered& message) { on_answer(message); },
      [this](const ProposalDeadline& message) { on_deadline(message); },
  };
}

ProposalMade Reaper::propose(const ProposeRetirement& wish) {
  // Two proposals for one session are one; a forced one takes over what is open.
  const auto existing = by_session_.find(wish.session);
  if (existing != by_session_.end()) {
    auto& open = open_.at(existing->second);
    if (wish.forced && !open.proposal.forced) {
      open.proposal.forced = true;
      open.proposal.reason = wish.reason;
      open.proposal.by = wish.by;
      open.proposal.deadline = Duration{0};
      send_proposal(open);
    } else if (open.is_escalated) {
      // Whoever asks anew may know of a session actor that listens.
      open.session = wish.actor;
      send_proposal(open);
    }
    return {open.proposal};
  }
  Open open;
  open.proposal = {environment_->new_id(),
                   wish.session,
                   wish.reason,
                   wish.by,
                   wish.forced ? Duration{0} : environment_->settings.retire_ask,
                   wish.forced};
  open.session = wish.actor;
  if (wish.earlier) {
    open.proposal.id = wish.earlier->id;
    open.proposal.deadline = wish.earlier->deadline;
  }
  const auto id = open.proposal.id;
  by_session_[wish.session] = id;
  auto& stored = open_[id] = std::move(open);
  if (wish.earlier && wish.earlier->kept_until)
    wait_for_keep(stored, *wish.earlier->kept_until);
  else
    send_proposal(stored);
  return {stored.proposal};
}

void Reaper::send_proposal(Open& open) {
  open.is_answered = false;
  open.is_escalated = false;
  const auto& proposal = open.proposal;
  record("retire.proposed", proposal,
         {{"reason", to_string(proposal.reason)},
          {"by", proposal.by},
          {"deadlineMs", proposal.deadline.count()},
          {"forced", proposal.forced}});
  send(open.session, proposal);
  send_later(proposal.deadline + session_slack, ProposalDeadline{proposal.id, ++open.round});
}

void Reaper::wait_for_keep(Open& open, Instant until) {
  open.is_answered = true;
  const auto left = std::max(until - environment_->wall(), Duration{0});
  send_later(left, ProposalDeadline{open.proposal.id, open.round});
}

void Reaper::on_answer(const RetireAnswered& answered) {
  const auto found = open_.find(answered.proposal);
  if (found == open_.end()) return;
  auto& open = found->second;
  open.is_answered = true;
  open.is_escalated = false;
  ++open.round;  // the deadline of this round is met
  const char* word = answered.answer == RetireAnswer::grant  ? "grant"
                     : answered.answer == RetireAnswer::keep ? "keep"
                                                             : "hold";
  Json data{{"answer", word}, {"who", answered.who}, {"why", answered.why}};
  if (answered.until) data["until"] = to_rfc3339(*answered.until);
  record("retire.answered", open.proposal, std::move(data));
  if (answered.answer == RetireAnswer::keep && answered.until) {
    return wait_for_keep(open, *answered.until);
  }
  if (answered.answer != RetireAnswer::grant) return;  // held: the session answers again later
  record("retire.granted", open.proposal, {{"reason", to_string(open.proposal.reason)}});
  if (answered.vm && answered.token) send(answered.vm, DismantleVm{*answered.token});
  by_session_.erase(open.proposal.session);
  open_.erase(found);
}

void Reaper::on_deadline(const ProposalDeadline& deadline) {
  const auto found = open_.find(deadline.proposal);
  if (found == open_.end() || found->second.round != deadline.round) return;
  auto& open = found->second;
  if (open.is_answered) return send_proposal(open);  // the keep has ended
  open.is_escalated = true;
  record("retire.escalated", open.proposal,
         {{"detail", "The session's actor did not answer; nothing is deleted."}});
}

void Reaper::record(const std::string& kind, const Proposal& proposal, Json data) {
  data["proposal"] = proposal.id;
  send(environment_->directory.ledger(),
       RecordEvent{{0, environment_->wall(), kind, proposal.session, "", "", std::move(data)}});
}

}  // namespace aerie
