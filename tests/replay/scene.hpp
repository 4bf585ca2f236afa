#pragma once

#include <csignal>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

#include "runtime/process/unique_fd.hpp"
#include "tests/replay/fault.hpp"
#include "tests/replay/witness.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/world.hpp"

namespace aerie::replay {

/// Why a fault can't be planted on this machine.
struct LeftOut : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A controller with one session and all who watch it, for one fault. What goes wrong with the
/// scene itself, not with the fault, throws `std::runtime_error`.
class Scene {
 public:
  explicit Scene(const Fault& fault);
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;
  ~Scene();

  // Before the controller starts.
  EmbeddedOptions options;
  Json wish = Json::object();              ///< more of the session's request
  std::string word;                        ///< what the message must contain; begins as the fault's
  std::function<void(Scene&)> on_started;  ///< called once the session and its viewer are there
  std::optional<std::string> earlier_session;  ///< of an earlier controller on the same state

  /// A folder of this scene.
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
  [[nodiscard]] std::filesystem::path state() const { return options.state; }

  void write_profile();
  /// Starts the controller, and follows its events.
  void open();

  // Afterwards.
  [[nodiscard]] test::World& world() { return *world_; }
  /// Starts the session, with a viewer who said hello. Called by `rehearse` unless the fault has.
  void start();
  [[nodiscard]] bool has_started() const { return !session.empty(); }

  /// This is the instant from which the fault counts.
  void mark() { marked_ = Clock::now(); }
  void mark(Clock::time_point at) { marked_ = at; }
  [[nodiscard]] Clock::time_point marked() const { return marked_; }

  /// Waits for an event of a kind, of a child if named; `value` must be its `state` or `restarts`.
  Seen<Json> wait_for(const std::string& kind, const std::string& child = "",
                      const Json& value = nullptr);
  /// A running child as this host sees it.
  [[nodiscard]] pid_t pid_of(const std::string& child);
  /// The guest's home as this host sees it. The guest must run.
  [[nodiscard]] std::filesystem::path home();
  /// Copies a broken program into the guest's home, executable.
  void bring(const std::string& fixture, const std::string& name);
  void write(const std::string& name, const std::string& text, bool is_executable = true);
  /// Lets the child behind the gate start: see `behind_gate`.
  void open_gate();
  /// Waits until the kernel says that a child has ended; that is the instant.
  void mark_end_of(const std::string& child);
  /// Waits until a child said `armed`, and lets it go on: see `armed`.
  void release(int run = 0);

  std::string session;
  std::string session_token;
  Json answer;  ///< of a refused wish, or of a refused start
  Witness<Json> events;
  Witness<Json> viewer;
  Witness<std::string> log;
  UniqueFd held;               ///< whatever the fault needs to keep open
  std::function<void()> undo;  ///< called when all is over

 private:
  const Fault& fault_;
  test::TemporaryDirectory folder_;
  std::optional<Reading> reading_events_;
  std::optional<Reading> reading_viewer_;
  std::unique_ptr<test::World> world_;
  Clock::time_point marked_ = Clock::now();
};

/// A fault of a guest whose only child, `subject`, sleeps; what plants it is to be added.
[[nodiscard]] Fault sleeper_fault(std::string name, CauseKind kind, std::string names);

/// `subject` with a child before it that is ready once the file `planted` is in the guest's home.
[[nodiscard]] Json behind_gate(Json subject);

/// A child `subject` that says `armed`, waits to be released, and then does what `script` says.
[[nodiscard]] Json armed(const std::string& script, const std::string& restart = "permanent");

/// Where the broken programs lie.
[[nodiscard]] std::filesystem::path fixture(const std::string& name);
/// The program `aerie` of this build.
[[nodiscard]] std::string aerie_program();

}  // namespace aerie::replay
