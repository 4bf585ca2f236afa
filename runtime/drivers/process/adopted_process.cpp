#include "runtime/drivers/process/adopted_process.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace aerie {
namespace {

/// It may wait to be reaped by whoever its parent is now.
bool has_ended(int pidfd) {
  pollfd watched{pidfd, POLLIN, 0};
  return ::poll(&watched, 1, 0) > 0;
}

}  // namespace

Result<std::unique_ptr<AdoptedProcess>> AdoptedProcess::adopt(
    Reactor& reactor, const ProcessIdentity& identity,
    std::function<void(ExitRecord exit)> on_exit) {
  std::unique_ptr<AdoptedProcess> process{new AdoptedProcess};
  process->pid_ = identity.pid;
  process->on_exit_ = std::move(on_exit);
  if (identity.pid > 0)
    process->pidfd_.reset(
        static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(identity.pid), 0)));
  // Compared once the descriptor holds the process: the number can't change hands any more.
  if (!process->pidfd_ || identity.start == 0 || identity_of(identity.pid) != identity ||
      has_ended(process->pidfd_.get()))
    return tl::unexpected(
        Cause{CauseKind::controller_restarted,
              "The guest ended while no controller was there; nobody saw how.",
              "Start a new session; look for what ended the controller in its log.",
              {"its first process was " + std::to_string(identity.pid)}});
  auto watch = reactor.watch(process->pidfd_.get(), EPOLLIN,
                             [self = process.get()](std::uint32_t) { self->on_end(); });
  if (!watch) return tl::unexpected(watch.error());
  process->watch_ = std::move(*watch);
  return process;
}

void AdoptedProcess::kill(const std::string& by) {
  if (!is_running()) return;
  killed_by_ = by;
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
}

void AdoptedProcess::on_end() {
  watch_.reset();
  ExitRecord exit;
  exit.child = "vmm";
  exit.pid = pid_;
  exit.at = wall_now();
  if (killed_by_) {
    exit.kind = CauseKind::killed;
    exit.by = killed_by_;
    exit.message = "The guest was killed by " + *killed_by_ + ".";
  } else {
    exit.kind = CauseKind::vmm_exited;
    exit.message =
        "The guest's first process ended; its status went to its parent, an earlier controller.";
    exit.remedy = "Look at the last lines of the guest's log and at the kernel's.";
  }
  const auto tell = std::exchange(on_exit_, {});
  tell(std::move(exit));
}

}  // namespace aerie
