#include "guest/orphans.hpp"

#include <csignal>
#include <sys/wait.h>
#include <utility>

namespace aerie::guest {

Orphans::Orphans(Reactor& reactor, std::function<bool(pid_t)> is_ours)
    : is_ours_(std::move(is_ours)), signals_(reactor, {SIGCHLD}, [this](int) { reap(); }) {}

void Orphans::reap() {
  while (true) {
    siginfo_t info{};
    const int found = ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
    if (found != 0 || info.si_pid == 0 || is_ours_(info.si_pid)) return;
    ::waitid(P_PID, static_cast<id_t>(info.si_pid), &info, WEXITED | WNOHANG);
  }
}

}  // namespace aerie::guest
