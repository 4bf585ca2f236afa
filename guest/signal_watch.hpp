#pragma once

#include <functional>
#include <vector>

#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::guest {

/// Blocks SIGCHLD, SIGTERM and SIGINT for this thread and those it makes from here on, and ignores
/// SIGPIPE.
void block_signals();

/// Signals as events of the reactor (signalfd(2)); they must be blocked in every thread.
class SignalWatch {
 public:
  SignalWatch(Reactor& reactor, const std::vector<int>& numbers,
              std::function<void(int number)> on_signal);
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  std::function<void(int)> on_signal_;
  UniqueFd signals_;
  Watch watch_;
};

}  // namespace aerie::guest
