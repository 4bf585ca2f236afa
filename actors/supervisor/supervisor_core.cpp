#include "actors/supervisor/supervisor_core.hpp"

#include <algorithm>
#include <array>
#include <csignal>

namespace aerie {

using link::ChildNews;
using link::ChildNewsKind;

SupervisorCore::SupervisorCore(SupervisorPlan plan, World world, ChildHost& host,
                               SupervisorListener& listener)
    : plan_(std::move(plan)),
      world_(std::move(world)),
      host_(host),
      listener_(listener),
      window_(plan_.intensity) {
  for (const auto& spec : plan_.children) {
    Child child;
    child.spec = spec;
    children_.push_back(std::move(child));
  }
}

// -- what happened --------------------------------------------------------------------------------

void SupervisorCore::start() {
  start_what_may();
  report_all_ready();
}

void SupervisorCore::on_started(const std::string& name, std::uint64_t run, std::int64_t pid) {
  auto* child = find(name, run);
  if (child == nullptr) return;
  child->pid = pid;
  report(ChildNewsKind::started, *child);
}

void SupervisorCore::on_ready(const std::string& name, std::uint64_t run) {
  auto* child = find(name, run);
  if (child == nullptr || child->phase != Phase::starting) return;
  child->phase = Phase::ready;
  child->was_ready = true;
  if (!is_to_be_stopped(*child)) child->in_sequence = false;
  child->ticket = 0;
  report(ChildNewsKind::ready, *child);
  start_what_may();
  report_all_ready();
}

void SupervisorCore::on_exited(const std::string& name, std::uint64_t run, ExitRecord exit) {
  auto* child = find(name, run);
  if (child == nullptr) return;
  // Whoever ends by itself before its turn to be stopped saves the asking: that is no fault of its
  // own, and one fault that takes several along counts once.
  const bool is_in_group = is_to_be_stopped(*child);
  const bool was_asked = child->phase == Phase::stopping || is_in_group;
  const bool is_wanted =
      was_asked && !is_stopping_ && !(is_in_group && child->spec.restart == RestartType::temporary);
  exit.restarts = child->history.restarts;
  child->pid = 0;
  child->ticket = 0;
  child->phase = is_wanted ? Phase::waiting : Phase::ended;
  if (!was_asked) child->last_cause = Cause{exit.kind, exit.message, exit.remedy.value_or(""), {}};
  ChildNews news;
  news.exit = exit;
  report(ChildNewsKind::exited, *child, std::move(news));
  if (!was_asked && !is_stopping_) return decide(*child, exit);
  if (!is_wanted) child->in_sequence = false;
  stop_next();
  report_all_ready();
}

void SupervisorCore::on_timer(std::uint64_t ticket) {
  const auto found = std::find_if(children_.begin(), children_.end(),
                                  [&](const Child& each) { return each.ticket == ticket; });
  if (found == children_.end()) return;
  found->ticket = 0;
  if (found->phase == Phase::waiting) {
    found->is_due = true;
    start_what_may();
  } else if (found->phase == Phase::starting) {
    const auto limit = std::to_string(found->spec.ready_within.count());
    host_.signal(found->spec.name, found->run, SIGKILL, "controller",
                 Cause{CauseKind::not_ready,
                       "'" + found->spec.name + "' ran but was not ready within " + limit + " ms.",
                       "Look at its last lines; raise ready.withinMs if it is merely slow.",
                       {}});
  }
}

void SupervisorCore::restart(const std::string& name, const std::string& by) {
  auto* child = find(name);
  if (child == nullptr || is_stopping_) return;
  if (child->phase == Phase::starting || child->phase == Phase::ready) {
    if (is_to_be_stopped(*child)) return;  // in its turn, and started again after
    child->phase = Phase::stopping;
    child->is_due = true;
    host_.stop(name, child->run, child->spec.grace, by);
  } else if (child->phase == Phase::ended || child->phase == Phase::waiting) {
    wait(*child, Duration{0});
    start_what_may();
  }
}

void SupervisorCore::signal(const std::string& name, int signal, const std::string& by) {
  auto* child = find(name);
  if (child != nullptr && is_running(*child)) host_.signal(name, child->run, signal, by, {});
}

void SupervisorCore::stop(const std::string& by) {
  if (is_stopping_) return;
  is_stopping_ = true;
  stopped_by_ = by;
  stop_queue_.clear();
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (is_running(children_[i]))
      stop_queue_.push_back(i);
    else
      children_[i].phase = Phase::ended;
  }
  stop_next();
}

// -- what follows ---------------------------------------------------------------------------------

void SupervisorCore::start_what_may() {
  if (is_stopping_ || !stop_queue_.empty()) return;
  bool is_gate_open = true;
  for (auto& child : children_) {
    if (child.phase == Phase::waiting && child.is_due && (!child.in_sequence || is_gate_open))
      start_child(child);
    if (child.in_sequence && child.phase != Phase::ready && child.phase != Phase::ended)
      is_gate_open = false;
  }
}

void SupervisorCore::start_child(Child& child) {
  child.phase = Phase::starting;
  ++child.run;
  child.ticket = set_timer(child.spec.ready_within);
  host_.start(child.spec.name, child.run);
}

void SupervisorCore::decide(Child& child, const ExitRecord& exit) {
  const auto decision = decide_restart(exit, child.spec.restart, child.spec.backoff, child.history,
                                       window_, world_.now(), world_.jitter());
  switch (decision.verdict) {
    case RestartVerdict::leave:
      child.in_sequence = false;
      start_what_may();
      report_all_ready();
      break;
    case RestartVerdict::restart:
      restart_affected(child, decision);
      break;
    case RestartVerdict::give_up:
      give_up(child, exit, decision);
      break;
  }
}

void SupervisorCore::restart_affected(Child& child, const RestartDecision& decision) {
  ChildNews news;
  news.retry_in = decision.delay;
  news.detail = decision.sentence;
  news.cause = decision.cause;
  report(ChildNewsKind::restarting, child, std::move(news));
  const bool is_alone = plan_.strategy == Strategy::one_for_one;
  for (auto* each : affected_by(child)) {
    if (!is_alone) each->in_sequence = true;
    if (is_running(*each) && !is_to_be_stopped(*each))
      stop_queue_.push_back(index_of(*each));
    else if (each->phase == Phase::ended && each != &child)
      wait(*each, Duration{0});
  }
  std::sort(stop_queue_.begin(), stop_queue_.end());
  wait(child, decision.delay);
  stop_next();
}

std::vector<SupervisorCore::Child*> SupervisorCore::affected_by(const Child& child) {
  std::vector<Child*> affected;
  for (auto& each : children_) {
    const bool is_after = &each >= &child;
    const bool is_in = &each == &child || plan_.strategy == Strategy::one_for_all ||
                       (plan_.strategy == Strategy::rest_for_one && is_after);
    // A transient one that had done its work does it again; a temporary one is gone.
    const bool stays_ended = &each != &child && each.phase == Phase::ended &&
                             each.spec.restart == RestartType::temporary;
    if (is_in && !stays_ended) affected.push_back(&each);
  }
  return affected;
}

void SupervisorCore::wait(Child& child, Duration delay) {
  child.phase = Phase::waiting;
  child.is_due = delay <= Duration{0};
  child.ticket = child.is_due ? 0 : set_timer(delay);
}

void SupervisorCore::stop_next() {
  while (!stop_queue_.empty()) {
    auto& child = children_[stop_queue_.back()];
    if (child.phase == Phase::stopping) return;  // its exit comes back here
    if (is_running(child)) {
      child.phase = Phase::stopping;
      child.ticket = 0;
      child.is_due = true;
      host_.stop(child.spec.name, child.run, child.spec.grace,
                 is_stopping_ ? stopped_by_ : "controller");
      return;
    }
    stop_queue_.pop_back();
  }
  if (is_stopping_) return finish_when_all_ended();
  start_what_may();
  report_all_ready();
}

void SupervisorCore::give_up(Child& child, const ExitRecord& exit,
                             const RestartDecision& decision) {
  ChildNews news;
  news.exit = exit;
  news.detail = decision.sentence;
  news.cause = decision.cause;
  report(ChildNewsKind::given_up, child, std::move(news));
  cause_ = decision.cause;
  stop("controller");
}

void SupervisorCore::finish_when_all_ended() {
  const bool is_any_left = std::any_of(children_.begin(), children_.end(), is_running);
  if (is_any_left || is_finished_) return;
  is_finished_ = true;
  listener_.on_finished(cause_);
}

void SupervisorCore::report_all_ready() {
  if (was_all_ready_ || is_stopping_) return;
  const auto is_done = [](const Child& each) {
    return each.was_ready || (each.phase == Phase::ended && !each.in_sequence);
  };
  if (!std::all_of(children_.begin(), children_.end(), is_done)) return;
  was_all_ready_ = true;
  listener_.on_all_ready();
}

std::vector<SupervisorCore::ChildView> SupervisorCore::children() const {
  constexpr std::array<std::string_view, 5> words{"waiting", "starting", "ready", "stopping",
                                                  "ended"};
  std::vector<ChildView> all;
  for (const auto& child : children_)
    all.push_back({child.spec.name, words.at(static_cast<std::size_t>(child.phase)), child.pid,
                   child.history.restarts, child.last_cause});
  return all;
}

// -- helpers --------------------------------------------------------------------------------------

SupervisorCore::Child* SupervisorCore::find(const std::string& name) {
  const auto found = std::find_if(children_.begin(), children_.end(),
                                  [&](const Child& each) { return each.spec.name == name; });
  return found == children_.end() ? nullptr : &*found;
}

SupervisorCore::Child* SupervisorCore::find(const std::string& name, std::uint64_t run) {
  auto* child = find(name);
  return child != nullptr && child->run == run && is_running(*child) ? child : nullptr;
}

std::size_t SupervisorCore::index_of(const Child& child) const {
  return static_cast<std::size_t>(&child - children_.data());
}

bool SupervisorCore::is_to_be_stopped(const Child& child) const {
  return std::find(stop_queue_.begin(), stop_queue_.end(), index_of(child)) != stop_queue_.end();
}

void SupervisorCore::report(ChildNewsKind kind, const Child& child, ChildNews news) {
  news.kind = kind;
  news.child = child.spec.name;
  news.pid = child.pid;
  news.restarts = child.history.restarts;
  listener_.on_news(news);
}

std::uint64_t SupervisorCore::set_timer(Duration after) {
  const auto ticket = next_ticket_++;
  world_.set_timer(ticket, after);
  return ticket;
}

}  // namespace aerie
