#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "guest/command_line.hpp"
#include "guest/display_server.hpp"
#include "guest/readiness.hpp"
#include "guest/streamer_control.hpp"
#include "messages/link.hpp"
#include "runtime/process/process.hpp"

namespace aerie::guest {

/// What all children of a guest share. On the reactor's thread.
struct GuestSetting {
  Reactor& reactor;
  link::Configure configure;  ///< `assign` changes its session and url
  std::string stream_program;
  std::string authority_file;
  Environment base;                             ///< the guest's own environment
  Environment display;                          ///< `DISPLAY`, `XAUTHORITY`, once there is one
  std::optional<int> display_number;            ///< of the builtin display
  std::function<void(link::GuestMessage)> say;  ///< to the host

  [[nodiscard]] Substitutions substitutions() const;
};

/// What a run tells, on the reactor's thread.
struct ChildRunEvents {
  std::function<void()> on_ready;
  /// Once, after everything else. The run may be destroyed inside.
  std::function<void(ExitRecord exit)> on_exited;
};

/// One run of one child: its process, how it shows that it is ready, and, for a builtin, what goes
/// with it.
class ChildRun {
 public:
  /// Starts it with `mark` in its environment, see `Leftovers`; a failure is the exit record of a
  /// child that never ran.
  [[nodiscard]] static tl::expected<std::unique_ptr<ChildRun>, ExitRecord> start(
      GuestSetting& setting, const ChildSpec& spec, std::pair<std::string, std::string> mark,
      ChildRunEvents events);
  ChildRun(const ChildRun&) = delete;
  ChildRun& operator=(const ChildRun&) = delete;

  [[nodiscard]] pid_t pid() const { return process_->pid(); }
  void stop(Duration grace, const std::string& by) { process_->stop(grace, by); }

  /// `reason`, where there is one, becomes the exit's kind and message, and the whole group is hit.
  void signal(int number, const std::string& by, const std::optional<Cause>& reason);

  /// Words for the streamer; nothing where this is none.
  void pass(const Json& body);

 private:
  ChildRun(GuestSetting& setting, const ChildSpec& spec, ChildRunEvents events);
  [[nodiscard]] Result<SpawnRequest> prepare();
  [[nodiscard]] Result<SpawnRequest> prepare_builtin();
  [[nodiscard]] Result<SpawnRequest> prepare_streamer();
  void on_started();
  void on_ready(std::optional<int> display);
  void on_lines(const std::vector<LogLine>& lines);
  void on_exit(ExitRecord exit);

  GuestSetting& setting_;
  ChildSpec spec_;
  ChildRunEvents events_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::optional<Cause> reason_;
  bool is_ready_ = false;
  std::unique_ptr<Readiness> readiness_;
  std::unique_ptr<DisplayServer> display_;
  std::unique_ptr<StreamerControl> streamer_;
  std::unique_ptr<Process> process_;
};

/// Environment of a child that is a command: the guest's own, the display's, the child's, the
/// session's; later ones win.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> environment_of(
    const GuestSetting& setting, const ChildSpec& spec);

}  // namespace aerie::guest
