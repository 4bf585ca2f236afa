#include <algorithm>

#include "actors/ledger/ledger.hpp"

namespace aerie {
namespace {

/// Writes that wait for a store that fails; beyond them the oldest events go.
constexpr std::size_t max_waiting = 20'000;
constexpr Duration first_retry{100};
constexpr Duration longest_retry{2000};

}  // namespace

void Ledger::write(StoreWrite write) {
  gathered_.add(std::move(write));
  submit();
}

void Ledger::confirm(Outcome outcome) {
  // While the store fails nobody waits for it: who asks hears of that at once.
  if (store_failure_) return outcome(store_failure_);
  gathered_outcomes_.push_back(std::move(outcome));
  submit();
}

/// Not at once but by a message to itself: all that this one and those in the mailbox write is one
/// batch.
void Ledger::submit() {
  if (std::exchange(is_submit_sent_, true)) return;
  send(self(), LedgerTimer{submit_ticket});
}

void Ledger::submit_now() {
  is_submit_sent_ = false;
  if (is_submitted_ || is_retry_set_) return;
  if (gathered_.empty() && gathered_outcomes_.empty()) return;
  is_submitted_ = true;
  submitted_outcomes_ = std::exchange(gathered_outcomes_, {});
  submitted_writes_ = gathered_.size();
  // The store may outlive this actor by one callback: a weak address, so that it keeps none alive.
  store_->submit({++batch_, gathered_.take()},
                 [address = caf::actor_cast<caf::weak_actor_ptr>(self())](
                     StoreBatch batch, std::optional<Cause> failure) {
                   const auto strong = caf::actor_cast<caf::strong_actor_ptr>(address);
                   if (!strong) return;
                   StoreFinished finished{batch.number, std::move(failure), nullptr};
                   if (finished.failure)
                     finished.unwritten = std::make_shared<StoreBatch>(std::move(batch));
                   post(caf::actor_cast<LedgerActor>(strong), std::move(finished));
                 });
}

void Ledger::on_store_finished(const StoreFinished& finished) {
  if (finished.batch != batch_) return;
  const auto before = std::exchange(store_failure_, finished.failure);
  if (finished.unwritten) gathered_.put_back(std::move(finished.unwritten->writes));
  // Before anything else is written: what was refused must not be.
  for (const auto& outcome : std::exchange(submitted_outcomes_, {}))
    outcome(finished.failure);
  for (const auto& outcome : std::exchange(gathered_outcomes_, {}))
    confirm(outcome);
  if (finished.failure && !before)
    record("doctor.failed", "", {{"check", "store"}, {"cause", *finished.failure}});
  if (!finished.failure && before) tell_recovery();
  is_submitted_ = false;
  if (finished.failure) return retry_store();
  retry_delay_ = first_retry;
  submit();
}

void Ledger::retry_store() {
  lost_events_ += gathered_.drop_events_beyond(max_waiting);
  is_retry_set_ = true;
  later(retry_delay_, [this] {
    is_retry_set_ = false;
    submit();
  });
  retry_delay_ = std::min(retry_delay_ * 2, longest_retry);
}

void Ledger::tell_recovery() {
  std::string detail = "The store works again; " + std::to_string(submitted_writes_) +
                       " writes that had waited for it are kept.";
  if (const auto lost = std::exchange(lost_events_, 0); lost > 0)
    detail +=
        " The " + std::to_string(lost) + " oldest events were too many to wait, and are lost.";
  record("doctor.recovered", "", {{"check", "store"}, {"detail", detail}});
}

/// What gathered while a batch was under way goes to disk all the same.
void Ledger::on_exit() {
  if (!gathered_.empty())
    store_->submit({++batch_, gathered_.take()}, [](StoreBatch, const std::optional<Cause>&) {});
}

// -- other threads, and time ----------------------------------------------------------------------

std::uint64_t Ledger::begin_work(WorkDone work) {
  work_[++last_number_] = std::move(work);
  return last_number_;
}

std::function<void(LedgerWorkDone)> Ledger::reporter() {
  return [address = caf::actor_cast<caf::weak_actor_ptr>(self())](LedgerWorkDone result) {
    if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(address))
      post(caf::actor_cast<LedgerActor>(strong), std::move(result));
  };
}

void Ledger::later(Duration delay, std::function<void()> task) {
  timers_[++last_number_] = std::move(task);
  send_later(delay, LedgerTimer{last_number_});
}

}  // namespace aerie
