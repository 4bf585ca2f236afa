#include "actors/ledger/ledger.hpp"

namespace aerie {

void Ledger::write(StoreWrite write) {
  gathered_.add(std::move(write));
  submit();
}

void Ledger::confirm(Outcome outcome) {
  gathered_outcomes_.push_back(std::move(outcome));
  submit();
}

void Ledger::submit() {
  if (is_submitted_ || (gathered_.empty() && gathered_outcomes_.empty())) return;
  is_submitted_ = true;
  submitted_outcomes_ = std::exchange(gathered_outcomes_, {});
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
  const bool is_news = finished.failure && !store_failure_;
  store_failure_ = finished.failure;
  for (const auto& outcome : std::exchange(submitted_outcomes_, {}))
    outcome(finished.failure);
  if (is_news) record("doctor.failed", "", {{"check", "store"}, {"cause", *finished.failure}});
  is_submitted_ = false;  // only now, so that all of that is one batch
  submit();
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
