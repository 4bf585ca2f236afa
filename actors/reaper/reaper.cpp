#include "actors/reaper/reaper.hpp"

namespace aerie {
namespace {

/// Beyond the viewers' deadline: a session actor that is still silent then is escalated.
constexpr Duration session_slack{5000};

/// Which of two reasons for one proposal it bears.
int weight(RetireReason reason) {
  switch (reason) {
    case RetireReason::idle:
      return 0;
    case RetireReason::failed:
    case RetireReason::disk_pressure:
      return 1;
    case RetireReason::max_age:
      return 2;
    case RetireReason::requested:
    case RetireReason::superseded:
    case RetireReason::orphan:
      return 3;
    case RetireReason::shutdown:
      return 4;
  }
  return 0;
}

}  // namespace

Reaper::Reaper(caf::actor_config& config, EnvironmentPtr environment)
    : Actor(config, "reaper"), environment_(std::move(environment)) {}

Reaper::Behavior Reaper::make_behavior() {
  return {
      [this](const ProposeRetirement& message) { return propose(message); },
      [this](const RetireAnswered& message) { on_answer(message); },
      [this](const ExpectEnds& message) { expect(message); },
      [this](const OrphansFound& message) {
        for (const auto& orphan : message.orphans)
          quarantine(orphan);
      },
      [this](const DiskSpace& message) { on_disk(message); },
      [this](const ReaperTimer& message) { on_timer(message.ticket); },
  };
}

ProposalMade Reaper::propose(const ProposeRetirement& wish) {
  const auto existing = by_session_.find(wish.session);
  if (existing != by_session_.end()) return join(open_.at(existing->second), wish);
  Open open;
  open.proposal = {environment_->new_id(),
                   wish.session,
                   wish.reason,
                   wish.by,
                   wish.forced ? Duration{0} : environment_->settings.retire_ask,
                   wish.forced};
  open.session = wish.actor;
  open.note = wish.note;
  if (wish.earlier) {
    open.proposal.id = wish.earlier->id;
    open.proposal.deadline = wish.earlier->deadline;
  }
  const auto id = open.proposal.id;
  by_session_[wish.session] = id;
  auto& stored = open_[id] = std::move(open);
  if (wish.earlier && wish.earlier->kept_until) {
    stored.is_kept_by_viewer = true;
    wait_for_keep(stored, *wish.earlier->kept_until);
  } else {
    send_proposal(stored);
  }
  return {stored.proposal};
}

/// Two proposals for one session are one, for the weightier reason; a forced one takes it over.
ProposalMade Reaper::join(Open& open, const ProposeRetirement& wish) {
  auto& proposal = open.proposal;
  const bool takes_over = wish.forced && !proposal.forced;
  const bool outweighs =
      wish.forced == proposal.forced && weight(wish.reason) > weight(proposal.reason);
  if (takes_over || outweighs) {
    proposal.reason = wish.reason;
    proposal.by = wish.by;
    open.note = wish.note;
  }
  if (takes_over) {
    proposal.forced = true;
    proposal.deadline = Duration{0};
    send_proposal(open);
  } else if (outweighs) {
    // What a viewer kept stays kept, but for the session's own greatest age.
    const bool is_kept = open.is_answered && open.is_kept_by_viewer;
    if (!is_kept || wish.reason == RetireReason::max_age) send_proposal(open);
  } else if (open.is_escalated) {
    // Whoever asks anew may know of a session actor that listens.
    open.session = wish.actor;
    send_proposal(open);
  }
  return {proposal};
}

void Reaper::send_proposal(Open& open) {
  open.is_answered = false;
  open.is_escalated = false;
  open.is_kept_by_viewer = false;
  const auto& proposal = open.proposal;
  Json data{{"reason", to_string(proposal.reason)},
            {"by", proposal.by},
            {"deadlineMs", proposal.deadline.count()},
            {"forced", proposal.forced}};
  if (!open.note.empty())
    data["detail"] = std::string{to_string(proposal.reason)} + ": " + open.note;
  record("retire.proposed", proposal, std::move(data));
  send(open.session, proposal);
  wait({Wait::for_answer, proposal.id}, proposal.deadline + session_slack);
}

void Reaper::wait_for_keep(Open& open, Instant until) {
  open.is_answered = true;
  wait({Wait::for_answer, open.proposal.id}, std::max(until - environment_->wall(), Duration{0}));
}

void Reaper::on_answer(const RetireAnswered& answered) {
  const auto found = open_.find(answered.proposal);
  if (found == open_.end()) return;
  auto& open = found->second;
  open.is_answered = true;
  open.is_escalated = false;
  deadlines_.erase({Wait::for_answer, answered.proposal});
  const char* word = answered.answer == RetireAnswer::grant  ? "grant"
                     : answered.answer == RetireAnswer::keep ? "keep"
                                                             : "hold";
  Json data{{"answer", word}, {"who", answered.who}, {"why", answered.why}};
  if (answered.until) data["until"] = to_rfc3339(*answered.until);
  record("retire.answered", open.proposal, std::move(data));
  if (answered.answer == RetireAnswer::keep && answered.until) {
    open.is_kept_by_viewer = answered.who.starts_with("viewer:");
    return wait_for_keep(open, *answered.until);
  }
  if (answered.answer != RetireAnswer::grant) return;  // held: the session answers again later
  record("retire.granted", open.proposal, {{"reason", to_string(open.proposal.reason)}});
  if (answered.vm && answered.token) send(answered.vm, DismantleVm{*answered.token});
  by_session_.erase(open.proposal.session);
  open_.erase(found);
}

/// A keep has ended, or nobody has answered in time.
void Reaper::on_no_answer(const std::string& proposal) {
  const auto found = open_.find(proposal);
  if (found == open_.end()) return;
  auto& open = found->second;
  if (open.is_answered) return send_proposal(open);
  open.is_escalated = true;
  record("retire.escalated", open.proposal,
         {{"detail", "The session's actor did not answer; nothing is deleted."}});
}

void Reaper::record(const std::string& kind, const Proposal& proposal, Json data) {
  data["proposal"] = proposal.id;
  send(environment_->directory.ledger(),
       RecordEvent{{0, environment_->wall(), kind, proposal.session, "", "", std::move(data)}});
}

Json Reaper::describe() const {
  Json open = Json::array();
  for (const auto& [id, each] : open_)
    open.push_back({{"proposal", id},
                    {"session", each.proposal.session},
                    {"reason", to_string(each.proposal.reason)},
                    {"by", each.proposal.by},
                    {"forced", each.proposal.forced},
                    {"answered", each.is_answered},
                    {"escalated", each.is_escalated}});
  Json quarantined = Json::array();
  for (const auto& [vm, each] : quarantined_)
    quarantined.push_back({{"vm", vm}, {"session", each.orphan.session}, {"told", each.told}});
  return {{"open", std::move(open)},
          {"expected", expected_.size()},
          {"quarantined", std::move(quarantined)},
          {"diskShort", is_disk_short_}};
}

}  // namespace aerie
