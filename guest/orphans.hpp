#pragma once

#include <functional>
#include <sys/types.h>

#include "guest/signal_watch.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie::guest {

/// Reaps the processes that lost their parents, which come to us as to an init. Our own children
/// are left to their pidfds. Needs SIGCHLD blocked in every thread.
class Orphans {
 public:
  /// `is_ours` tells children that others wait for.
  Orphans(Reactor& reactor, std::function<bool(pid_t)> is_ours);
  Orphans(const Orphans&) = delete;
  Orphans& operator=(const Orphans&) = delete;

  /// Reaps what has ended. Called by SIGCHLD; call it too after each child of our own was reaped,
  /// as that one may have stood before others.
  void reap();

 private:
  std::function<bool(pid_t)> is_ours_;
  SignalWatch signals_;
};

}  // namespace aerie::guest
