#pragma once

#include <functional>
#include <string>

#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie {

/// Tells when something appears in a directory (inotify(7)). A directory that does not exist yet is
/// waited for through its nearest ancestor that does.
class PathWatch {
 public:
  /// `on_change` is called on each change, and once soon after the start: look for yourself.
  PathWatch(Reactor& reactor, std::string directory, std::function<void()> on_change);
  PathWatch(const PathWatch&) = delete;
  PathWatch& operator=(const PathWatch&) = delete;
  ~PathWatch();

 private:
  void aim();
  void on_events();

  Reactor& reactor_;
  std::string directory_;
  std::function<void()> on_change_;
  UniqueFd inotify_;
  Watch watch_;
  int wanted_ = -1;  ///< inotify's number for what is watched now
  TimerId first_look_;
};

}  // namespace aerie
