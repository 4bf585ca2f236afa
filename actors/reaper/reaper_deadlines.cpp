#include "actors/reaper/reaper.hpp"

// What becomes due: one queue, and one timer for the earliest of all.

namespace aerie {

void Reaper::expect(const ExpectEnds& expected) {
  auto& before = expected_[expected.session];
  for (const auto& [reason, at] : before.at)
    if (!expected.at.contains(reason)) deadlines_.erase({Wait::for_end, expected.session, reason});
  if (const auto failed = before.at.find(RetireReason::failed); failed != before.at.end())
    evidence_.erase({failed->second, expected.session});
  if (expected.at.empty()) {
    expected_.erase(expected.session);
    return;
  }
  before = {expected.actor, expected.at};
  for (const auto& [reason, at] : expected.at) {
    wait({Wait::for_end, expected.session, reason},
         std::max(at - environment_->wall(), Duration{0}));
    if (reason == RetireReason::failed) evidence_.emplace(at, expected.session);
  }
}

void Reaper::wait(const Subject& subject, Duration delay) {
  deadlines_.set(subject, monotonic() + delay);
  arm();
}

/// A timer that is set for later than needed is replaced; one for earlier does no harm.
void Reaper::arm() {
  const auto next = deadlines_.next();
  if (!next || *next >= armed_at_) return;
  armed_at_ = *next;
  send_later(std::max(*next - monotonic(), Duration{0}), ReaperTimer{++ticket_});
}

void Reaper::on_timer(std::uint64_t ticket) {
  if (ticket != ticket_) return;
  const auto now = monotonic();
  while (const auto due = deadlines_.take_due(now))
    on_due(*due);
  armed_at_ = Duration::max();
  arm();
}

void Reaper::on_due(const Subject& subject) {
  switch (subject.wait) {
    case Wait::for_answer:
      return on_no_answer(subject.id);
    case Wait::for_claim:
      return on_unclaimed(subject.id);
    case Wait::for_end:
      break;
  }
  const auto found = expected_.find(subject.id);
  if (found == expected_.end()) return;
  propose({subject.id, found->second.actor, subject.reason, "reaper", false});
}

}  // namespace aerie
