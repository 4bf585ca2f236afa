#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "guest/child_run.hpp"
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

  void start(const std::string& child, std::uint64_t run);
  void stop(const std::string& child, std::uint64_t run, Duration grace, const std::string& by);
  void signal(const std::string& child, std::uint64_t run, int signal, const std::string& by,
              const std::optional<Cause>& reason);

  /// The guest is a session's now: starts what the profile says for showing its url.
  void assign(const link::Assign& assignment);

  /// Words for the streamer.
  void pass_to_streamer(const Json& body);

  /// Kills everything without a word; nothing starts any more.
  void clear();

  /// Whether a pid is one of ours, and so not an orphan's to reap.
  [[nodiscard]] bool owns(pid_t pid) const;

 private:
  struct Running {
    std::uint64_t run = 0;
    std::unique_ptr<ChildRun> process;
  };

  Running* find(const std::string& child, std::uint64_t run);
  void on_exited(const std::string& child, std::uint64_t run, ExitRecord exit);
  void open(const ChildSpec& spec);

  [[nodiscard]] bool is_running(const std::string& mark) const;

  GuestSetting setting_;
  ChildReports reports_;
  Leftovers leftovers_;
  std::map<std::string, Running> running_;
  std::map<std::uint64_t, std::unique_ptr<Process>> opening_;  ///< commands of `open`
  std::uint64_t next_opening_ = 1;
  bool is_closed_ = false;
};

}  // namespace aerie::guest
