#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "guest/child_run.hpp"
#include "guest/examiner.hpp"
#include "guest/leftovers.hpp"

namespace aerie::guest {

/// Whom the guest's children report to; called on the reactor's thread.
struct ChildReports {
  std::function<void(const std::string& child, std::uint64_t run, pid_t pid)> on_started;
  std::function<void(const std::string& child, std::uint64_t run)> on_ready;
  std::function<void(const std::string& child, std::uint64_t run, ExitRecord exit)> on_exited;
};

/// The processes of a profile's children, at most one run of each. On the reactor's thread.
class ProcessChildren {
 public:
  ProcessChildren(GuestSetting setting, ChildReports reports);
  ProcessChildren(const ProcessChildren&) = delete;
  ProcessChildren& operator=(const ProcessChildren&) = delete;
  ~ProcessChildren() { clear(); }

  void start(const std::string& child, std::uint64_t run);
  void stop(const std::string& child, std::uint64_t run, Duration grace, const std::string& by);
  void signal(const std::string& child, std::uint64_t run, int signal, const std::string& by,
              const std::optional<Cause>& reason);

  /// The guest was saved and goes on as another: its streamer, which waited for that, is started.
  void renew(const link::Renew& renew);

  /// The guest is a session's now: starts what the profile says for showing its url.
  void assign(const link::Assign& assignment);

  /// Words for the streamer.
  void pass_to_streamer(const Json& body);

  /// An order for the log-in agent.
  void pass_to_login(const link::LoginOrder& order);
  /// Another host has come: it hears where a log-in stands.
  void say_what_stands();

  /// Kills everything without a word; nothing starts any more.
  void clear();

  /// Whether a pid is one of ours, and so not an orphan's to reap.
  [[nodiscard]] bool owns(pid_t pid) const;

 private:
  struct Running {
    std::uint64_t run = 0;
    std::unique_ptr<ChildRun> process;  ///< null while its program is looked at
  };

  /// A command of `open`. It does not outlive its child: a browser's may have become the browser.
  struct Opening {
    std::string child;
    std::unique_ptr<Process> process;
  };

  void launch(const ChildSpec& spec, std::uint64_t run, const std::optional<Cause>& fault);
  void prepare_others(const std::string& child);
  /// Ends a run that has no process yet.
  void abandon(const std::string& child, std::uint64_t run, const Cause& cause,
               const std::optional<std::string>& by);
  Running* find(const std::string& child, std::uint64_t run);
  [[nodiscard]] tl::expected<std::unique_ptr<ChildRun>, ExitRecord> begin(const ChildSpec& spec,
                                                                          ChildRunEvents events);
  [[nodiscard]] ChildMark new_mark(const ChildSpec& spec);
  void on_ready(const ChildSpec& spec, std::uint64_t run);
  void stand_by_after(Duration delay, const ChildSpec& spec);
  void stand_by(const ChildSpec& spec);
  void hold(const ChildSpec& spec, std::uint64_t run);
  void on_exited(const std::string& child, std::uint64_t run, ExitRecord exit);
  void open(const ChildSpec& spec, const std::string& url);
  void show_login_page(const std::string& url);

  [[nodiscard]] bool is_running(const std::string& mark) const;

  GuestSetting setting_;
  ChildReports reports_;
  std::unique_ptr<Examiner> examiner_;
  bool is_prepared_ = false;
  Leftovers leftovers_;
  std::map<std::string, Running> running_;
  std::unique_ptr<ChildRun> standby_;  ///< a streamer that waits for the running one's end
  TimerId standby_timer_;
  std::optional<std::uint64_t> held_run_;  ///< of the streamer of a guest that is to be saved
  std::map<std::uint64_t, Opening> opening_;
  std::uint64_t next_opening_ = 1;
  std::uint64_t next_mark_ = 1;
  bool is_closed_ = false;
};

}  // namespace aerie::guest
