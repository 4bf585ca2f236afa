#pragma once

#include <string>
#include <vector>

#include "benchmarks/stream/controlled_process.hpp"

namespace aerie::bench {

/// A streamer to be measured: its name in the report and its command line.
struct Contestant {
  std::string name;
  std::vector<std::string> argv;
};

/// Ours first, then the pipelines that others use (`peer_main.cpp`).
[[nodiscard]] std::vector<Contestant> contestants();

/// A contestant's process on the present `DISPLAY`; we are its supervisor.
class RunningContestant : public ControlledProcess {
 public:
  /// Starts and configures it. Throws when it does not become ready.
  explicit RunningContestant(const Contestant& contestant);
};

}  // namespace aerie::bench
