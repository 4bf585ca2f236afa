#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/supervisor/child_host.hpp"
#include "actors/supervisor/restart_policy.hpp"
#include "messages/rare.hpp"

namespace aerie {

/// What a supervisor must know of a child.
struct SupervisedChild {
  std::string name;
  RestartType restart = RestartType::permanent;
  Duration ready_within{5000};
  Duration grace{2000};
  Backoff backoff;
};

struct SupervisorPlan {
  Strategy strategy = Strategy::one_for_one;
  Intensity intensity;
  std::vector<SupervisedChild> children;  ///< in order of their start
};

/// OTP's supervision (erlang.org, "supervisor") as a machine without threads, clock or chance: it
/// is told what happened and when, and says through its ports what to do. Children start in order,
/// each when the one before is ready; stop in reverse order; an exit is followed by what
/// `decide_restart` and the strategy say.
class SupervisorCore {
 public:
  /// The surroundings: monotonic time, timers and chance.
  struct World {
    std::function<Duration()> now;
    /// Calls `on_timer(ticket)` once `after` has passed.
    std::function<void(std::uint64_t ticket, Duration after)> set_timer;
    std::function<double()> jitter;  ///< in [-1, 1]
  };

  SupervisorCore(SupervisorPlan plan, World world, ChildHost& host, SupervisorListener& listener);

  void start();
  void on_started(const std::string& child, std::uint64_t run, std::int64_t pid);
  void on_ready(const std::string& child, std::uint64_t run);
  void on_exited(const std::string& child, std::uint64_t run, ExitRecord exit);
  void on_timer(std::uint64_t ticket);

  /// Restarts a running child because `by` asked; it does not count against the intensity.
  void restart(const std::string& child, const std::string& by);
  void signal(const std::string& child, int signal, const std::string& by);

  /// Stops everything in reverse order, then `on_finished` without a cause.
  void stop(const std::string& by);

  [[nodiscard]] bool is_finished() const { return is_finished_; }

  /// How its children are, in order of their start.
  struct ChildView {
    std::string name;
    std::string_view phase;  ///< `waiting`, `starting`, `ready`, `stopping` or `ended`
    std::int64_t pid = 0;
    int restarts = 0;
    Rare<Cause> last_cause;  ///< of its last exit that was not asked for, without evidence
  };
  [[nodiscard]] std::vector<ChildView> children() const;

  /// Why it gave up; none while it has not, and after a stop that was asked for.
  [[nodiscard]] const std::optional<Cause>& cause() const { return cause_; }

 private:
  enum class Phase {
    waiting,   ///< to be started in its turn, or when its back-off has passed
    starting,  ///< started, not ready
    ready,
    stopping,  ///< asked to end
    ended,     ///< ended and stays so
  };

  struct Child {
    SupervisedChild spec;
    Phase phase = Phase::waiting;
    std::uint64_t run = 0;
    std::int64_t pid = 0;
    bool in_sequence = true;  ///< starts only after the children before it
    bool was_ready = false;
    bool is_due = true;        ///< no back-off stands in its way
    std::uint64_t ticket = 0;  ///< of its back-off or ready deadline
    RestartHistory history;
    Rare<Cause> last_cause;  ///< of its last exit that was not asked for, without evidence
  };

  [[nodiscard]] static bool is_running(const Child& child) {
    return child.phase == Phase::starting || child.phase == Phase::ready ||
           child.phase == Phase::stopping;
  }

  Child* find(const std::string& name);
  Child* find(const std::string& name, std::uint64_t run);
  [[nodiscard]] std::size_t index_of(const Child& child) const;
  [[nodiscard]] bool is_to_be_stopped(const Child& child) const;
  void start_what_may();
  void start_child(Child& child);
  void decide(Child& child, const ExitRecord& exit);
  void restart_affected(Child& child, const RestartDecision& decision);
  [[nodiscard]] std::vector<Child*> affected_by(const Child& child);
  void wait(Child& child, Duration delay);
  void stop_next();
  void give_up(Child& child, const ExitRecord& exit, const RestartDecision& decision);
  void finish_when_all_ended();
  void report_all_ready();
  void report(link::ChildNewsKind kind, const Child& child, link::ChildNews news = {});
  std::uint64_t set_timer(Duration after);

  SupervisorPlan plan_;
  World world_;
  ChildHost& host_;
  SupervisorListener& listener_;
  std::vector<Child> children_;
  RestartWindow window_;
  std::vector<std::size_t> stop_queue_;  ///< children still to be stopped, the next one last
  std::uint64_t next_ticket_ = 1;
  std::string stopped_by_;
  std::optional<Cause> cause_;
  bool is_stopping_ = false;
  bool was_all_ready_ = false;
  bool is_finished_ = false;
};

}  // namespace aerie
