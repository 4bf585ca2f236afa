#include "actors/core/roster.hpp"

#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/local_actor.hpp>
#include <unordered_map>

namespace aerie {
namespace {

constexpr std::uint64_t most_traced_a_second = 200;

}  // namespace

// -- the roster -----------------------------------------------------------------------------------

void Roster::enter(const std::shared_ptr<Vitals>& vitals, caf::actor_addr address,
                   std::uint64_t parent) {
  if (vitals->id().empty()) vitals->identify(new_id_(), {});
  {
    const std::lock_guard lock{mutex_};
    entries_[vitals->actor()] = {vitals, std::move(address), parent};
  }
  note_change();
}

void Roster::leave(std::uint64_t actor, std::uint64_t unhandled) {
  dead_letters_.fetch_add(unhandled, std::memory_order_relaxed);
  {
    const std::lock_guard lock{mutex_};
    entries_.erase(actor);
    allowances_.erase(actor);
  }
  note_change();
}

void Roster::note_change() const {
  std::shared_ptr<const Changed> changed;
  {
    const std::lock_guard lock{hooks_mutex_};
    changed = changed_;
  }
  if (changed) (*changed)();
}

std::vector<ActorFacts> Roster::facts(FactsDepth depth) const {
  const std::lock_guard lock{mutex_};
  std::vector<ActorFacts> all;
  all.reserve(entries_.size());
  std::unordered_map<std::uint64_t, std::string> ids;
  for (const auto& [number, entry] : entries_) {
    all.push_back(entry.vitals->facts(depth));
    ids[number] = all.back().id;
  }
  std::size_t i = 0;
  for (const auto& [number, entry] : entries_) {
    auto& facts = all[i++];
    if (const auto parent = ids.find(entry.parent); parent != ids.end())
      facts.parent = parent->second;
    if (depth == FactsDepth::brief) continue;
    for (const auto watched : entry.vitals->watched())
      if (const auto known = ids.find(watched); known != ids.end())
        facts.monitors.push_back(known->second);
  }
  return all;
}

std::shared_ptr<Vitals> Roster::find(const std::string& id) const {
  const std::lock_guard lock{mutex_};
  for (const auto& [number, entry] : entries_)
    if (entry.vitals->id() == id) return entry.vitals;
  return nullptr;
}

caf::actor Roster::address_of(const std::string& id) const {
  const std::lock_guard lock{mutex_};
  for (const auto& [number, entry] : entries_)
    if (entry.vitals->id() == id) return caf::actor_cast<caf::actor>(entry.address);
  return {};
}

void Roster::on_change(Changed changed) {
  const std::lock_guard lock{hooks_mutex_};
  changed_ = changed ? std::make_shared<const Changed>(std::move(changed)) : nullptr;
}

void Roster::on_trace(Trace trace) {
  const std::lock_guard lock{hooks_mutex_};
  trace_ = trace ? std::make_shared<const Trace>(std::move(trace)) : nullptr;
}

void Roster::trace(const Vitals& vitals, bool is_out, Vitals::TypeKey type,
                   const std::string& other, std::int64_t took_ns) {
  TracedMessage message{vitals.id(), wall_now(), is_out, type_name(type), other, took_ns, 0};
  {
    const std::lock_guard lock{mutex_};
    auto& allowance = allowances_[vitals.actor()];
    const auto second = message.at.time_since_epoch().count() / 1000;
    if (allowance.second != second) {
      allowance.second = second;
      allowance.used = 0;
    }
    if (++allowance.used > most_traced_a_second) {
      ++allowance.left_out;
      return;
    }
    message.left_out = std::exchange(allowance.left_out, 0);
  }
  std::shared_ptr<const Trace> trace;
  {
    const std::lock_guard lock{hooks_mutex_};
    trace = trace_;
  }
  if (trace) (*trace)(message);
}

// -- an actor -------------------------------------------------------------------------------------

Observed::Observed(const caf::actor_config& config, std::string kind, std::uint64_t actor)
    : vitals_(std::make_shared<Vitals>(std::move(kind), actor)) {
  const auto* parent = dynamic_cast<const Observed*>(config.parent);
  if (parent == nullptr) parent = current_;
  if (parent != nullptr) parent_number_ = parent->vitals_->actor();
}

void Observed::show(ActorFace face) {
  if (vitals_->show(std::move(face)) && roster_) roster_->note_change();
}

void Observed::enter_roster(caf::actor_system& system, caf::actor_addr address) {
  const auto* config = dynamic_cast<const RosterConfig*>(&system.config());
  if (config == nullptr || !config->roster) return;
  roster_ = config->roster;
  roster_->enter(vitals_, std::move(address), parent_number_);
}

void Observed::leave_roster() {
  if (!vitals_->be_over() || !roster_) return;
  // The message that ended it is still being handled.
  const auto waiting = vitals_->waiting();
  roster_->leave(vitals_->actor(), current_ == this && waiting > 0 ? waiting - 1 : waiting);
}

void Observed::note_dead_letter() const {
  if (roster_) roster_->note_dead_letter();
}

void Observed::report_sending(const caf::mailbox_element& element) const {
  const auto* sender = current_;
  if (sender == nullptr || !sender->roster_ || !sender->vitals_->is_traced()) return;
  // Telling of it is no message of the sender's own.
  auto* const outer = std::exchange(current_, nullptr);
  sender->roster_->trace(*sender->vitals_, true, key_of(element.content()),
                         title_of(dynamic_cast<const caf::abstract_actor*>(this)), 0);
  current_ = outer;
}

void Observed::report_in(Vitals::TypeKey type, const std::string& sender,
                         std::int64_t took_ns) const {
  if (!roster_) return;
  auto* const outer = std::exchange(current_, nullptr);
  roster_->trace(*vitals_, false, type, sender, took_ns);
  current_ = outer;
}

std::string Observed::title_of(const caf::abstract_actor* actor) {
  const auto* observed = dynamic_cast<const Observed*>(actor);
  if (observed == nullptr) return {};
  return observed->vitals_->kind() + " " + observed->vitals_->id();
}

}  // namespace aerie
