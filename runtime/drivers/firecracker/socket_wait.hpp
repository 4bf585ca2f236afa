#pragma once

#include <functional>
#include <memory>
#include <string>

#include "messages/cause.hpp"
#include "runtime/process/path_watch.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::firecracker {

/// Connects to a Unix socket that a program which was just started is about to make: told by
/// inotify(7) that it is there. Lives on the reactor's thread. `done` comes once, not from within
/// the constructor and not after the end of this; it may end this.
class SocketWait {
 public:
  /// `deadline` when nobody listens there within `patience`.
  SocketWait(Reactor& reactor, std::string path, Duration patience,
             std::function<void(Result<UniqueFd> socket)> done);
  SocketWait(const SocketWait&) = delete;
  SocketWait& operator=(const SocketWait&) = delete;
  ~SocketWait();

 private:
  void look();
  void finish(Result<UniqueFd> result);

  Reactor& reactor_;
  std::string path_;
  std::function<void(Result<UniqueFd>)> done_;
  std::unique_ptr<PathWatch> watch_;
  TimerId deadline_;
  TimerId again_;
};

}  // namespace aerie::firecracker
