#include <algorithm>

#include "actors/session/session.hpp"

// When the session is to end by itself: told to the reaper, which proposes it then.

namespace aerie {

/// Counted from the later of `ready`, the last disconnect and the end of a keep; none while a
/// viewer is connected, or before it was ready.
std::optional<Instant> Session::idle_deadline() const {
  if (document_->state != SessionState::ready || connected() > 0) return std::nullopt;
  auto from = document_->created_at;
  for (const auto& [stage, after] : document_->stages)
    if (stage == Stage::ready) from += after;
  if (unwatched_since_) from = std::max(from, *unwatched_since_);
  if (kept_) from = std::max(from, kept_->until);
  if (kept_until_) from = std::max(from, *kept_until_);
  return from + document_->idle;
}

void Session::expect_ends() {
  std::map<RetireReason, Instant> ends;
  if (!granted_) {
    if (const auto idle = idle_deadline()) ends[RetireReason::idle] = *idle;
    if (document_->state == SessionState::starting || document_->state == SessionState::ready)
      ends[RetireReason::max_age] = document_->created_at + document_->max;
    if (document_->state == SessionState::failed && document_->end)
      ends[RetireReason::failed] = document_->end->at + environment_->settings.failed_retention;
  }
  if (ends == expected_ends_) return;
  expected_ends_ = ends;
  if (const auto reaper = environment_->directory.reaper())
    send(reaper, ExpectEnds{document_->id, self(), std::move(ends)});
}

}  // namespace aerie
