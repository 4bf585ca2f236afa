#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

#include "messages/cause.hpp"
#include "messages/frame.hpp"
#include "runtime/process/process.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::bench {

/// A streamer to be measured: its name in the report and its command line.
struct Contestant {
  std::string name;
  std::vector<std::string> argv;
};

/// Ours first, then the pipelines that others use (`peer_main.cpp`).
[[nodiscard]] std::vector<Contestant> contestants();

/// A contestant's process on the present `DISPLAY`, and the supervisor's end of its control socket.
class RunningContestant {
 public:
  /// Starts and configures it. Throws when it does not become ready.
  explicit RunningContestant(const Contestant& contestant);
  RunningContestant(const RunningContestant&) = delete;
  RunningContestant& operator=(const RunningContestant&) = delete;
  ~RunningContestant();

  [[nodiscard]] pid_t pid() const { return process_->pid(); }
  void say(const Json& message);
  /// The next message. Throws when none comes within half a minute.
  [[nodiscard]] Json hear();

 private:
  Reactor reactor_;
  std::unique_ptr<Process> process_;
  UniqueFd control_;
  FrameDecoder decoder_;
  std::vector<Json> heard_;
};

}  // namespace aerie::bench
