#include <algorithm>

#include "actors/core/hold_refusal.hpp"
#include "actors/ledger/ledger.hpp"

namespace aerie {
namespace {

/// Between two attempts at what the disk refused.
constexpr Duration retry_after{5000};

}  // namespace

// -- writing --------------------------------------------------------------------------------------

caf::result<Saved> Ledger::write_tombstone(const WriteTombstone& wish) {
  // Of a session that never was, or whose tombstone has had its time, there is nothing to save.
  if (!sessions_.contains(wish.session)) return Saved{};
  auto promise = make_response_promise<Saved>();
  order_tombstone(
      wish.session, wish.vm, false,
      [promise](const std::optional<Cause>& failure) mutable { promise.deliver(Saved{failure}); });
  return promise;
}

/// First all that happened is made durable, for the events are read from the store; then the files;
/// then it is written down that they are there.
void Ledger::order_tombstone(const std::string& session, const std::string& vm, bool is_last,
                             Outcome outcome) {
  // Kept at once: one that is asked for while another is under way must not leave its guest out.
  auto& evident = evident_guests_[session];
  if (!vm.empty() && std::find(evident.begin(), evident.end(), vm) == evident.end())
    evident.push_back(vm);
  confirm([=, this, through = last_seq_](const std::optional<Cause>& failure) {
    const auto found = sessions_.find(session);
    if (failure || found == sessions_.end()) return outcome(failure);
    const auto& document = found->second;
    const auto* before = tombstones_.find(session);
    TombstoneRecord entry{session, {}, 0, TombstoneState::evidence, {}};
    if (before != nullptr) entry = *before;
    if (is_last) entry.state = std::max(entry.state, TombstoneState::complete);
    auto guests = evident_guests_[session];
    guests.push_back(document->vm_id);
    for (const auto& guest : guests)
      if (!guest.empty() && std::find(entry.vms.begin(), entry.vms.end(), guest) == entry.vms.end())
        entry.vms.push_back(guest);
    TombstoneOrder order{document, nullptr, through, entry.vms};
    // Where nothing is remembered of it the tombstone there is knows more.
    if (!is_buried(session) && (before == nullptr || timelines_.contains(session)))
      order.why =
          explain_session(*document, timeline_of(session), "tombstones/" + session + "/logs");
    const auto number = begin_work([=, this](LedgerWorkDone& result) {
      tell_tombstones_failure(result.failure);
      if (result.failure) return outcome(result.failure);
      on_tombstone_stored(entry, result.bytes, outcome);
    });
    environment_->tombstones->write(
        std::move(order), [report = reporter(), number](const Result<std::int64_t>& bytes) {
          if (bytes)
            report({number, std::nullopt, *bytes, nullptr, {}});
          else
            report({number, bytes.error(), 0, nullptr, {}});
        });
  });
}

void Ledger::on_tombstone_stored(TombstoneRecord entry, std::int64_t bytes, Outcome outcome) {
  entry.bytes = bytes;
  entry.at = environment_->wall();
  const auto found = sessions_.find(entry.session);
  if (found == sessions_.end()) return outcome(std::nullopt);  // it has had its time
  const auto& session = found->second;
  if (const auto* stored = tombstones_.find(entry.session))
    entry.state = std::max(entry.state, stored->state);
  const bool is_complete = entry.state != TombstoneState::evidence;
  tombstones_.put(entry, !session->holds.empty());
  record({0,
          entry.at,
          "tombstone.written",
          entry.session,
          session->vm_id,
          "",
          {{"bytes", bytes}, {"complete", is_complete}}});
  write(WriteTombstoneRecord{entry});
  confirm(std::move(outcome));
}

/// Both ends of it: while it lasts nothing is deleted.
void Ledger::tell_tombstones_failure(const std::optional<Cause>& failure) {
  const auto before = std::exchange(tombstones_failure_, failure);
  if (failure && !before)
    record("doctor.failed", "", {{"check", "tombstones"}, {"cause", *failure}});
  if (!failure && before)
    record("doctor.recovered", "",
           {{"check", "tombstones"}, {"detail", "Tombstones can be written again."}});
}

// -- the end of a session -------------------------------------------------------------------------

bool Ledger::is_buried(const std::string& session) const {
  const auto* tombstone = tombstones_.find(session);
  return tombstone != nullptr && tombstone->state != TombstoneState::evidence;
}

/// Its actor is gone and so are its guests: nothing more will happen to it.
void Ledger::bury_if_over(const std::string& session) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end() || !is_final(found->second->state)) return;
  if (remembered_.contains(session) || guests_.contains(session) || is_buried(session)) return;
  if (burying_.insert(session).second) bury(session);
}

/// The tombstone gets the session's last word; from then on it answers in the session's place.
void Ledger::bury(const std::string& session) {
  order_tombstone(session, "", true, [=, this](const std::optional<Cause>& failure) {
    if (failure) {
      later(retry_after, [=, this] { bury(session); });
      return;
    }
    burying_.erase(session);
    evident_guests_.erase(session);
    forget_timelines(session);
    write(WriteMemory{{session, {}}});
    settle(session);
  });
}

/// What the session left besides its tombstone goes.
void Ledger::settle(const std::string& session) {
  const auto number = begin_work([=, this](const LedgerWorkDone& result) {
    const auto* tombstone = tombstones_.find(session);
    if (tombstone == nullptr || tombstone->state != TombstoneState::complete) return;
    if (result.failure) {
      later(retry_after, [=, this] { settle(session); });
      return;
    }
    auto entry = *tombstone;
    entry.state = TombstoneState::settled;
    tombstones_.put(entry, !sessions_.at(session)->holds.empty());
    record("resource.released", session, {{"kind", "directory"}, {"name", "sessions/" + session}});
    write(WriteTombstoneRecord{entry});
    keep_within_bounds();
  });
  environment_->logs->remove(session,
                             [report = reporter(), number](const std::optional<Cause>& failure) {
                               report({number, failure, 0, nullptr, {}});
                             });
}

/// What the controller before did not come to do.
void Ledger::go_on_with_tombstone(const std::string& session) {
  const auto* tombstone = tombstones_.find(session);
  if (tombstone == nullptr || tombstone->state == TombstoneState::evidence)
    return bury_if_over(session);
  if (tombstone->state == TombstoneState::complete) return settle(session);
  if (tombstone->state == TombstoneState::going) {
    forget_session(session);
    if (environment_->vault) environment_->vault->forget(session);
    remove_files(session, [](const std::optional<Cause>&) {});
  }
}

// -- retention ------------------------------------------------------------------------------------

/// Lets go what is too old or too much, and sets the timer for the next one.
void Ledger::keep_within_bounds() {
  const auto& settings = environment_->settings;
  const auto now = environment_->wall();
  while (const auto* oldest = tombstones_.oldest()) {
    auto until = oldest->at + settings.keep_tombstones;
    const bool must_stay = until > now && tombstones_.bytes() <= settings.max_tombstones_bytes;
    // That it goes could not be written down.
    const bool can_not_go = store_failure_ && store_failure_->kind != CauseKind::disk_full;
    if (can_not_go) until = now + retry_after;
    if (must_stay || can_not_go) {
      // A timer that comes too early only looks again; one that is set can't be taken back.
      if (next_look_ && *next_look_ <= until) return;
      next_look_ = until;
      later(until - now, [this] {
        next_look_.reset();
        keep_within_bounds();
      });
      return;
    }
    drop(oldest->session, [](const TombstoneDropped&) {});
  }
}

caf::result<TombstoneDropped> Ledger::drop_oldest() {
  const auto* oldest = tombstones_.oldest();
  if (oldest == nullptr) return TombstoneDropped{};
  auto promise = make_response_promise<TombstoneDropped>();
  drop(oldest->session,
       [promise](const TombstoneDropped& dropped) mutable { promise.deliver(dropped); });
  return promise;
}

/// First it is written down that it goes, then it goes, then what is known of its session. Where
/// the disk is too full to write that down it goes all the same: to make space it may have to.
/// By value: what it is the name of is replaced on the way.
void Ledger::drop(std::string session, std::function<void(const TombstoneDropped&)> answer) {
  const auto before = *tombstones_.find(session);
  auto going = before;
  going.state = TombstoneState::going;
  tombstones_.put(going, false);
  write(WriteTombstoneRecord{going});
  confirm([=, this](const std::optional<Cause>& failure) {
    const auto found = sessions_.find(session);
    const bool is_held = found != sessions_.end() && !found->second->holds.empty();
    const bool may_go = !is_held && (!failure || failure->kind == CauseKind::disk_full);
    if (!may_go) {
      tombstones_.put(before, is_held);
      write(WriteTombstoneRecord{before});
      keep_within_bounds();
      return answer({{}, 0, failure});
    }
    forget_session(session);
    remove_files(session, [=, bytes = before.bytes](const std::optional<Cause>& kept) {
      answer(kept ? TombstoneDropped{{}, 0, kept} : TombstoneDropped{session, bytes, {}});
    });
  });
}

void Ledger::remove_files(const std::string& session, Outcome outcome) {
  const auto number = begin_work([=, this](const LedgerWorkDone& result) {
    outcome(result.failure);
    if (result.failure) {
      later(retry_after, [=, this] { remove_files(session, [](const std::optional<Cause>&) {}); });
      return;
    }
    record("resource.released", session,
           {{"kind", "tombstone"}, {"name", "tombstones/" + session}});
    tombstones_.erase(session);
    write(DropSession{session});
  });
  environment_->tombstones->remove(
      session, [report = reporter(), number](const std::optional<Cause>& failure) {
        report({number, failure, 0, nullptr, {}});
      });
}

// -- holds of sessions that are over --------------------------------------------------------------

/// Of a guest that its session's actor did not outlive: there is nobody else to ask.
ReleaseAllowed Ledger::may_release(const std::string& vm) {
  const auto session = sessions_.find(session_of_guest(vm));
  if (session == sessions_.end()) return {true};
  if (!session->second->holds.empty()) return {false};
  releasing_[vm] = session->first;
  return {true};
}

caf::result<HoldAnswer> Ledger::hold_ended(const HoldEnded& wish) {
  const auto found = sessions_.find(wish.session);
  if (found == sessions_.end()) return HoldAnswer{};
  for (const auto& [vm, session] : releasing_)
    if (session == wish.session) return HoldAnswer{std::nullopt, being_deleted(vm)};
  auto document = *found->second;
  std::erase_if(document.holds, [&](const Hold& each) { return each.name == wish.hold.name; });
  document.holds.push_back(wish.hold);
  return replace_holds(document, "hold.set", wish.hold);
}

caf::result<HoldAnswer> Ledger::unhold_ended(const UnholdEnded& wish) {
  const auto found = sessions_.find(wish.session);
  if (found == sessions_.end()) return HoldAnswer{};
  auto document = *found->second;
  const auto hold = std::find_if(document.holds.begin(), document.holds.end(),
                                 [&](const Hold& each) { return each.name == wish.name; });
  if (hold == document.holds.end()) return HoldAnswer{};
  const auto cleared = *hold;
  document.holds.erase(hold);
  return replace_holds(document, "hold.cleared", cleared);
}

caf::result<HoldAnswer> Ledger::replace_holds(const SessionDocument& document, const char* event,
                                              const Hold& hold) {
  auto promise = make_response_promise<HoldAnswer>();
  record(event, document.id, hold);
  update_document(std::make_shared<const SessionDocument>(document));
  keep_within_bounds();
  confirm([promise, hold](const std::optional<Cause>& failure) mutable {
    promise.deliver(HoldAnswer{hold, failure});
  });
  return promise;
}

}  // namespace aerie
