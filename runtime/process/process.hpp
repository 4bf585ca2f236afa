#pragma once

#include <functional>
#include <memory>
#include <string>
#include <sys/types.h>
#include <tl/expected.hpp>
#include <vector>

#include "messages/exit_record.hpp"
#include "messages/log_line.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/spawn.hpp"

namespace aerie {

/// What a watched process tells, on the reactor's thread.
struct ProcessEvents {
  /// Whole lines in the order in which they were read, from the first byte on; all of them before
  /// `on_exit`. Lines above 8 KiB are cut with a mark; above 4 MiB a second lines are dropped and a
  /// line says how many. The process itself is never blocked by its output.
  std::function<void(std::vector<LogLine> lines)> on_lines;
  /// Called exactly once, after the process was reaped.
  std::function<void(ExitRecord record)> on_exit;
  /// Asked after an end by SIGKILL that nobody of ours sent: did the kernel count an OOM kill?
  std::function<bool()> oom_killed;
};

/// A child process watched on a reactor by pidfd and pipes. Lives on the reactor's thread; may be
/// destroyed inside its callbacks.
///
/// Once it has ended, what it leaves behind in its own process group is killed, so that a
/// replacement starts clean. Destroying a running one kills its group and reaps it without a word.
class Process {
 public:
  /// Starts the program. A failure comes as the exit record of a child that never ran.
  [[nodiscard]] static tl::expected<std::unique_ptr<Process>, ExitRecord> start(
      Reactor& reactor, std::string name, const SpawnRequest& request, ProcessEvents events);

  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  [[nodiscard]] pid_t pid() const;
  [[nodiscard]] const std::string& program() const;  ///< the file that was executed
  [[nodiscard]] bool is_running() const;

  /// Sends a signal to the process alone, as itself: its end counts as not asked for.
  void signal(int number);

  /// The same because somebody asked: an end by this signal, or any end after SIGTERM, is `killed`
  /// with this `by`.
  void signal(int number, std::string by);

  /// Asks the process group to end with SIGTERM, and kills it after `grace`. The exit's kind is
  /// then `killed` with this `by`. A second call only shortens the grace.
  void stop(Duration grace, std::string by);

  /// The same without asking.
  void kill(std::string by);

  /// Its uptime counts from now: until here it only waited to be used.
  void begin_anew();

  /// Stops watching and leaves it to itself: it runs on, and nobody reaps it before we end.
  void let_go();

 private:
  class Impl;
  explicit Process(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace aerie
