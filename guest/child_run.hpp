#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "guest/audio_server.hpp"
#include "guest/command_line.hpp"
#include "guest/display_server.hpp"
#include "guest/examiner.hpp"
#include "guest/login_control.hpp"
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
  std::string login_program;
  std::string authority_file;
  Environment base;                             ///< the guest's own environment
  Environment display;                          ///< `DISPLAY`, `XAUTHORITY`, once there is one
  std::optional<int> display_number;            ///< of the builtin display
  std::function<void(link::GuestMessage)> say;  ///< to the host
  /// Shows the page of a log-in in the guest's browser; empty: there is none any more.
  std::function<void(const std::string& url)> show_login_page = {};
  std::string login_page = {};       ///< what a browser that is started now is to begin with
  std::string audio_directory = {};  ///< of the builtin audio
  Environment audio = {};            ///< `PULSE_SERVER`, once there is one

  [[nodiscard]] Substitutions substitutions() const;
};

/// A variable in the environment of all that a child starts, see `Leftovers`.
using ChildMark = std::pair<std::string, std::string>;

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
      GuestSetting& setting, const ChildSpec& spec, ChildMark mark, ChildRunEvents events);

  /// Starts a streamer that waits for its work until `take`: loading its libraries and making its
  /// certificate takes half a second, which viewers would wait for after a crash.
  /// `on_exited` is called if it ends before it is taken.
  [[nodiscard]] static tl::expected<std::unique_ptr<ChildRun>, ExitRecord> stand_by(
      GuestSetting& setting, const ChildSpec& spec, ChildMark mark,
      std::function<void(ExitRecord exit)> on_exited);

  /// Puts one that stood by to work: its life counts from here.
  void take(ChildRunEvents events);

  ChildRun(const ChildRun&) = delete;
  ChildRun& operator=(const ChildRun&) = delete;

  [[nodiscard]] const std::string& child() const { return spec_.name; }
  [[nodiscard]] const std::string& mark() const { return mark_.second; }
  [[nodiscard]] pid_t pid() const { return process_->pid(); }
  void stop(Duration grace, const std::string& by) { process_->stop(grace, by); }

  /// `reason`, where there is one, becomes the exit's kind and message, and the whole group is hit.
  void signal(int number, const std::string& by, const std::optional<Cause>& reason);

  /// Calls `awake` once the streamer, which may stand by, answers.
  void when_awake(std::function<void()> awake);

  /// Words for the streamer; nothing where this is none.
  void pass(const Json& body);
  /// An order for the log-in agent; nothing where this is none.
  void pass(const link::LoginOrder& order);
  /// Tells the host once more where a log-in stands.
  void say_what_stands();

 private:
  ChildRun(GuestSetting& setting, const ChildSpec& spec, ChildRunEvents events);
  [[nodiscard]] static tl::expected<std::unique_ptr<ChildRun>, ExitRecord> launch(
      GuestSetting& setting, const ChildSpec& spec, ChildMark mark, ChildRunEvents events);
  void begin();
  [[nodiscard]] Result<SpawnRequest> prepare();
  [[nodiscard]] Result<SpawnRequest> prepare_builtin();
  [[nodiscard]] Result<SpawnRequest> prepare_streamer();
  [[nodiscard]] Result<SpawnRequest> prepare_login();
  [[nodiscard]] Result<SpawnRequest> prepare_audio();
  void on_started();
  void on_ready(std::optional<int> display);
  void on_lines(const std::vector<LogLine>& lines);
  void on_login_says(link::GuestMessage words);
  void show_login_page(const std::string& url);
  void on_exit(ExitRecord exit);

  GuestSetting& setting_;
  ChildSpec spec_;
  ChildMark mark_;
  ChildRunEvents events_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::optional<Cause> reason_;
  bool is_ready_ = false;
  std::unique_ptr<Readiness> readiness_;
  std::unique_ptr<DisplayServer> display_;
  std::unique_ptr<StreamerControl> streamer_;
  std::unique_ptr<LoginControl> login_;
  std::optional<AudioServer> audio_;
  std::unique_ptr<Process> process_;
};

/// Environment of a child that is a command: the guest's own, the display's and the audio's, the
/// child's, the session's; later ones win.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> environment_of(
    const GuestSetting& setting, const ChildSpec& spec);

/// The programs that a run of the child would start, for a look at them before: its command, and
/// the one that shows a url, as a command may be a shell that starts the real program.
[[nodiscard]] ChildPrograms programs_of(const GuestSetting& setting, const ChildSpec& spec);

/// The exit of a child that could not be started, and so has neither pid nor output: what else is
/// known stands where its last lines would.
[[nodiscard]] ExitRecord never_ran(const std::string& child, const Cause& cause);

}  // namespace aerie::guest
