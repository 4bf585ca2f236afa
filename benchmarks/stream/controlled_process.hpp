#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "messages/cause.hpp"
#include "messages/frame.hpp"
#include "runtime/process/process.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::bench {

/// A process on the present `DISPLAY` and the other end of its control socket, whose number it has
/// in AERIE_CONTROL_FD. It ends with this object.
class ControlledProcess {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Throws when it does not start.
  ControlledProcess(const std::string& name, const std::vector<std::string>& argv);
  ControlledProcess(const ControlledProcess&) = delete;
  ControlledProcess& operator=(const ControlledProcess&) = delete;
  ~ControlledProcess();

  [[nodiscard]] pid_t pid() const { return process_->pid(); }
  void say(const Json& message);
  /// The next message. Throws when none comes within half a minute.
  [[nodiscard]] Json hear();
  /// The next message, if it comes before `deadline`.
  [[nodiscard]] std::optional<Json> hear_before(Time deadline);
  /// Waits until one of the two has a message. Throws when none has within half a minute.
  [[nodiscard]] static ControlledProcess& speaker(ControlledProcess& one, ControlledProcess& other);

 private:
  void receive();

  Reactor reactor_;
  std::unique_ptr<Process> process_;
  UniqueFd control_;
  FrameDecoder decoder_;
  std::vector<Json> heard_;
};

}  // namespace aerie::bench
