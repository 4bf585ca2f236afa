#include "actors/supervisor/otp_model.test.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace aerie::otp {

std::string letter(std::size_t index) {
  return {static_cast<char>('a' + index)};
}

Model::Model(const TreePlan& plan, std::string name, Books& expected, const Books& observed)
    : plan_(plan), name_(std::move(name)), expected_(expected), observed_(observed) {
  for (const auto& member : plan.members)
    members_.emplace_back().plan = &member;
}

// -- events ---------------------------------------------------------------------------------------

void Model::start(int now) {
  settle(now);
}

void Model::ready(std::size_t index, int now) {
  auto& member = members_[index];
  if (member.state != State::starting) return;
  member.state = State::ready;
  member.was_ready = true;
  if (!member.is_condemned) member.in_batch = false;
  member.timer.reset();
  say(now, "ready " + letter(index));
  settle(now);
}

void Model::ended(std::size_t index, CauseKind kind, int now) {
  auto& member = members_[index];
  if (!is_alive(member)) return;
  say(now, "exited " + letter(index) + " " + std::string{to_string(kind)} + " " +
               std::to_string(member.restarts));
  const bool was_wanted = member.state != State::stopping && !member.is_condemned;
  member.state = State::absent;
  member.timer.reset();
  if (was_wanted) {
    judge(index, kind, now);
  } else if (member.is_condemned && member.plan->type == RestartType::temporary) {
    member.state = State::done;
    member.in_batch = false;
  }
  member.is_condemned = false;
  settle(now);
}

void Model::restart(std::size_t index, int now) {
  auto& member = members_[index];
  if (is_ending_ || member.is_condemned || member.state == State::stopping) return;
  if (is_alive(member)) {
    member.state = State::stopping;
    member.timer.reset();
    say(now, "stop " + letter(index));
    if (member.supervisor) member.supervisor->stop(now);
  } else {
    member.state = State::absent;
    member.timer.reset();
    settle(now);
  }
}

void Model::kill(std::size_t index, int now) {
  auto& member = members_[index];
  if (is_finished_ || !is_alive(member)) return;
  say(now, "kill " + letter(index));
  if (!member.supervisor) return;  // a leaf says itself that it ended
  member.supervisor.reset();
  ended(index, CauseKind::killed, now);
}

void Model::stop(int now) {
  if (is_ending_) return;
  end(CauseKind::clean);
  settle(now);
}

void Model::propagate(int now) {
  while (!is_finished_ && propagate_one(now)) {
  }
}

/// Ends come first: what follows them may start others, which are ready in the order of their
/// start.
bool Model::propagate_one(int now) {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    auto& supervisor = members_[i].supervisor;
    if (!supervisor) continue;
    supervisor->propagate(now);
    if (!supervisor->is_finished_) continue;
    const auto kind = is_asked(i) ? CauseKind::killed : supervisor->outcome_;
    supervisor.reset();
    ended(i, kind, now);
    return true;
  }
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (!members_[i].supervisor || members_[i].state != State::starting) continue;
    if (!first || members_[i].start_order < members_[*first].start_order) first = i;
  }
  if (first) ready(*first, now);  // a supervisor is ready as soon as it is there
  return first.has_value();
}

// -- time -----------------------------------------------------------------------------------------

std::optional<int> Model::next_timer() const {
  std::optional<int> next;
  const auto consider = [&next](std::optional<int> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  for (const auto& member : members_) {
    if (member.timer) consider(member.timer->at);
    if (member.supervisor) consider(member.supervisor->next_timer());
  }
  return next;
}

std::optional<std::size_t> Model::due_member(int now) const {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const auto& timer = members_[i].timer;
    if (!timer || timer->at > now) continue;
    if (!found || std::pair{timer->at, timer->order} <
                      std::pair{members_[*found].timer->at, members_[*found].timer->order})
      found = i;
  }
  return found;
}

void Model::fire(int now) {
  while (const auto index = due_member(now)) {
    auto& member = members_[*index];
    member.timer.reset();
    if (member.state == State::starting)
      say(now, "kill " + letter(*index) + " not-ready");
    else
      settle(now);
  }
  for (auto& member : members_)
    if (member.supervisor) member.supervisor->fire(now);
}

// -- what must be so ------------------------------------------------------------------------------

void Model::settle(int now) {
  if (is_finished_) return;
  take_down(now);
  if (is_down() && is_ending_) {
    is_finished_ = true;
    return say(now, "finished " + std::string{to_string(outcome_)});
  }
  if (is_down()) bring_up(now);
  check_all_ready(now);
}

/// Nobody is left who must be down.
bool Model::is_down() const {
  return std::none_of(members_.begin(), members_.end(),
                      [](const Member& each) { return each.is_condemned && is_alive(each); });
}

/// The last of the condemned is asked to end; the one before it when that has happened.
void Model::take_down(int now) {
  for (auto i = members_.size(); i-- > 0;) {
    auto& member = members_[i];
    if (!member.is_condemned || !is_alive(member)) continue;
    if (member.state == State::stopping) return;
    member.state = State::stopping;
    member.timer.reset();
    say(now, "stop " + letter(i));
    if (member.supervisor) member.supervisor->stop(now);
    return;
  }
}

/// Whoever is absent and not waiting out a back-off starts, in a batch after all before it.
void Model::bring_up(int now) {
  bool is_turn = true;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    auto& member = members_[i];
    if (member.state == State::absent && !member.timer && (is_turn || !member.in_batch))
      start_member(i, now);
    if (member.in_batch && member.state != State::ready && member.state != State::done)
      is_turn = false;
  }
}

void Model::start_member(std::size_t index, int now) {
  auto& member = members_[index];
  member.state = State::starting;
  member.began = now;
  member.start_order = next_order_++;
  say(now, "start " + letter(index));
  if (member.plan->below.empty()) {
    member.timer = timer(now + member.plan->ready_within);
  } else {
    member.supervisor = std::make_unique<Model>(member.plan->below.front(), name_ + letter(index),
                                                expected_, observed_);
    member.supervisor->start(now);
  }
}

void Model::check_all_ready(int now) {
  if (was_all_ready_ || is_ending_) return;
  for (const auto& member : members_)
    if (!member.was_ready && member.state != State::done) return;
  was_all_ready_ = true;
  say(now, "all ready");
}

// -- what follows an end --------------------------------------------------------------------------

void Model::judge(std::size_t index, CauseKind kind, int now) {
  auto& member = members_[index];
  const auto type = member.plan->type;
  if (type == RestartType::temporary ||
      (type == RestartType::transient && kind == CauseKind::clean)) {
    member.state = State::done;
    member.in_batch = false;
    return;
  }
  const bool is_hopeless = kind == CauseKind::library_missing;
  if (is_hopeless || is_too_often(now)) {
    say(now, "given-up " + letter(index));
    return end(is_hopeless ? kind : CauseKind::crash_loop);
  }
  ++member.restarts;
  const int delay = backoff(index, now);
  say(now, "restarting " + letter(index) + " " + std::to_string(delay));
  restart_group(index, delay, now);
}

bool Model::is_too_often(int now) {
  restarts_.push_back(now);
  const auto recent = std::count_if(restarts_.begin(), restarts_.end(),
                                    [&](int at) { return at >= now - plan_.window; });
  return recent > plan_.intensity;
}

int Model::backoff(std::size_t index, int now) {
  auto& member = members_[index];
  const auto& plan = *member.plan;
  if (now - member.began >= 2 * plan.backoff_max) member.in_a_row = 0;
  ++member.in_a_row;
  if (member.in_a_row == 1 || plan.backoff_first == 0) return 0;
  const double nominal =
      std::min<double>(plan.backoff_max, plan.backoff_first * std::pow(2, member.in_a_row - 2));
  // Chance has decided already; what it may decide is a quarter more or less.
  const auto position = expected_[name_].size();
  const auto book = observed_.find(name_);
  if (book == observed_.end() || position >= book->second.size()) return -1;
  const auto& line = book->second[position];
  const int said = std::atoi(line.substr(line.rfind(' ') + 1).c_str());
  return said >= std::floor(nominal * 0.75) && said <= std::ceil(nominal * 1.25) ? said : -1;
}

void Model::restart_group(std::size_t index, int delay, int now) {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    auto& member = members_[i];
    const bool is_in = i == index || plan_.strategy == Strategy::one_for_all ||
                       (plan_.strategy == Strategy::rest_for_one && i > index);
    const bool is_gone = member.state == State::done && member.plan->type == RestartType::temporary;
    if (!is_in || is_gone) continue;
    if (plan_.strategy != Strategy::one_for_one) member.in_batch = true;
    if (member.state == State::done) member.state = State::absent;
    member.is_condemned = is_alive(member);
  }
  if (delay > 0) members_[index].timer = timer(now + delay);
}

void Model::end(CauseKind outcome) {
  is_ending_ = true;
  outcome_ = outcome;
  for (auto& member : members_) {
    member.is_condemned = is_alive(member);
    if (member.is_condemned) continue;
    member.state = State::done;
    member.timer.reset();
  }
}

void Model::say(int now, const std::string& line) {
  expected_[name_].push_back(std::to_string(now) + " " + line);
}

}  // namespace aerie::otp
