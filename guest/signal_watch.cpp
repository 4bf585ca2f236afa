#include "guest/signal_watch.hpp"

#include <csignal>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <utility>

namespace aerie::guest {
namespace {

sigset_t set_of(const std::vector<int>& numbers) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : numbers)
    ::sigaddset(&set, number);
  return set;
}

}  // namespace

void block_signals() {
  const auto set = set_of({SIGCHLD, SIGTERM, SIGINT});
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

SignalWatch::SignalWatch(Reactor& reactor, const std::vector<int>& numbers,
                         std::function<void(int)> on_signal)
    : on_signal_(std::move(on_signal)) {
  const auto set = set_of(numbers);
  signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  auto watch = reactor.watch(signals_.get(), EPOLLIN, [this](std::uint32_t) {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info))
      on_signal_(static_cast<int>(info.ssi_signo));
  });
  if (watch) watch_ = std::move(*watch);
}

}  // namespace aerie::guest
