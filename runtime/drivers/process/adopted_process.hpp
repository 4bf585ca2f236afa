#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "messages/exit_record.hpp"
#include "runtime/drivers/process/guest_record.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie {

/// A guest's first process that is no child of ours: an earlier controller started it. Watched by
/// pidfd, on the reactor's thread; its status is for its own parent, so an end that nobody of ours
/// asked for is `vmm-exited`. Dropping it leaves the process alone.
class AdoptedProcess {
 public:
  /// Errors: `controller-restarted` where that very process runs no more.
  [[nodiscard]] static Result<std::unique_ptr<AdoptedProcess>> adopt(
      Reactor& reactor, const ProcessIdentity& identity,
      std::function<void(ExitRecord exit)> on_exit);

  [[nodiscard]] std::int64_t pid() const { return pid_; }
  [[nodiscard]] bool is_running() const { return static_cast<bool>(watch_); }
  void kill(const std::string& by);

 private:
  AdoptedProcess() = default;
  void on_end();

  std::int64_t pid_ = 0;
  UniqueFd pidfd_;
  Watch watch_;
  std::optional<std::string> killed_by_;
  std::function<void(ExitRecord)> on_exit_;
};

}  // namespace aerie
