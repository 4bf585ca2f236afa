#pragma once

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/probe/report.hpp"
#include "benchmarks/support/guest_host.hpp"
#include "runtime/process/process.hpp"
#include "runtime/process/temporary_directory.hpp"

namespace aerie::bench {

/// One supervisor with one probe below it.
class SupervisedProbe {
 public:
  virtual ~SupervisedProbe() = default;
  SupervisedProbe(const SupervisedProbe&) = delete;
  SupervisedProbe& operator=(const SupervisedProbe&) = delete;

  /// Waits for the next start of the probe. Throws when it does not come within a minute.
  ProbeReport next_start();

  /// Kills the probe that reported last; milliseconds until the next one's first instruction.
  double kill_and_wait();

 protected:
  explicit SupervisedProbe(Reactor& reactor);

  /// Starts the supervisor's own program, in `folder()` and with the probe's environment.
  void run(std::vector<std::string> argv, std::vector<SpawnRequest::PassedFd> fds = {},
           std::vector<std::pair<std::string, std::string>> more_environment = {});
  /// Asks the supervisor to take its probe down and end, and waits until it has.
  void end();

  [[nodiscard]] const std::string& folder() const { return folder_.path(); }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const;
  Reactor& reactor_;

 private:
  aerie::testing::TemporaryDirectory folder_;
  UniqueFd reports_;
  std::promise<void> ended_;
  std::unique_ptr<Process> process_;
  std::int32_t pid_ = 0;
};

/// aerie-guest beside this build, outside any sandbox, linked to a host.
[[nodiscard]] std::unique_ptr<SupervisedProbe> under_aerie(Reactor& reactor);
/// runit's runsv, and s6-supervise, with the probe itself as the service's `run`. s6 is told when
/// the probe is ready, as it waits a second before it restarts what never was.
[[nodiscard]] std::unique_ptr<SupervisedProbe> under_runit(Reactor& reactor);
[[nodiscard]] std::unique_ptr<SupervisedProbe> under_s6(Reactor& reactor);

}  // namespace aerie::bench
