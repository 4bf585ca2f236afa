#include "actors/supervisor/restart_policy.hpp"

#include <algorithm>

namespace aerie {
namespace {

bool ended_well(const ExitRecord& exit) {
  return exit.kind == CauseKind::clean;
}

Cause crash_loop(const ExitRecord& exit, const Intensity& intensity) {
  Cause cause{CauseKind::crash_loop,
              "'" + exit.child + "' ended " + std::to_string(intensity.restarts + 1) +
                  " times within " + std::to_string(intensity.within.count()) +
                  " ms, last: " + exit.message,
              exit.remedy.value_or("Read the evidence: it names the exit that repeats."),
              {std::string{to_string(exit.kind)} + ": " + exit.message}};
  cause.evidence.insert(cause.evidence.end(), exit.tail.begin(), exit.tail.end());
  return cause;
}

/// Nothing for the first restart in a row, then `first` doubled up to `max`, a quarter more or
/// less.
Duration backoff_delay(const Backoff& backoff, int in_a_row, double jitter) {
  if (in_a_row <= 1 || backoff.first <= Duration{0}) return Duration{0};
  auto delay = backoff.first;
  for (int i = 2; i < in_a_row && delay < backoff.max; ++i)
    delay *= 2;
  delay = std::min(delay, backoff.max);
  return Duration{static_cast<Duration::rep>(static_cast<double>(delay.count()) *
                                             (1.0 + 0.25 * std::clamp(jitter, -1.0, 1.0)))};
}

}  // namespace

bool RestartWindow::admit(Duration now) {
  while (!restarts_.empty() && now - restarts_.front() > intensity_.within)
    restarts_.pop_front();
  restarts_.push_back(now);
  return restarts_.size() <= static_cast<std::size_t>(intensity_.restarts);
}

RestartDecision decide_restart(const ExitRecord& exit, RestartType type, const Backoff& backoff,
                               RestartHistory& history, RestartWindow& window, Duration now,
                               double jitter) {
  const auto name = "'" + exit.child + "'";
  if (type == RestartType::temporary || (type == RestartType::transient && ended_well(exit)))
    return {
        RestartVerdict::leave, {}, name + " ended and is not started again: " + exit.message, {}};
  if (is_permanent(exit.kind))
    return {RestartVerdict::give_up,
            {},
            name + " is given up, for no restart mends this: " + exit.message,
            cause_of(exit)};
  if (!window.admit(now))
    return {RestartVerdict::give_up,
            {},
            name + " is given up: more than " + std::to_string(window.intensity().restarts) +
                " restarts within " + std::to_string(window.intensity().within.count()) + " ms.",
            crash_loop(exit, window.intensity())};
  if (Duration{exit.uptime_ms} >= 2 * backoff.max) history.in_a_row = 0;
  ++history.in_a_row;
  ++history.restarts;
  const auto delay = backoff_delay(backoff, history.in_a_row, jitter);
  return {RestartVerdict::restart, delay,
          name + " is started again " +
              (delay.count() == 0 ? "at once" : "in " + std::to_string(delay.count()) + " ms") +
              ": " + exit.message,
          cause_of(exit)};
}

}  // namespace aerie
