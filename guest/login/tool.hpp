#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "messages/cause.hpp"
#include "runtime/process/exit_verdict.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::login {

/// What is to be started.
struct ToolRequest {
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> env;
  bool tty = true;
  int rows = 24;
  int columns = 80;
};

/// The tool that signs in: a process with a pseudo-terminal of its own (pty(7)), which is its
/// controlling terminal, or with a pipe. On the reactor's thread; may be destroyed inside its
/// callbacks, which kills it and all that it started and that stayed in its session.
class Tool {
 public:
  struct Events {
    std::function<void(std::string_view bytes)> on_output;
    std::function<void(WaitStatus status)> on_exit;  ///< once, after all output
  };

  /// Errors: as of `spawn` for the program, `sandbox-failed` for a terminal that can't be had.
  [[nodiscard]] static Result<std::unique_ptr<Tool>> start(Reactor& reactor,
                                                           const ToolRequest& request,
                                                           Events events);
  Tool(const Tool&) = delete;
  Tool& operator=(const Tool&) = delete;
  ~Tool();

  /// Writes to its terminal, as far as that takes it: answers of the terminal, which are short.
  void write(std::string_view bytes);

  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  Tool(Reactor& reactor, Events events);
  [[nodiscard]] Result<void> spawn(const ToolRequest& request);
  [[nodiscard]] Result<UniqueFd> open_channel(const ToolRequest& request, std::string& terminal);
  [[nodiscard]] Result<void> watch();
  void read();
  void on_end();

  Reactor& reactor_;
  Events events_;
  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd channel_;  ///< our end of the terminal or pipe
  Watch pidfd_watch_;
  Watch channel_watch_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace aerie::login
