#pragma once

#include <string>

#include "actors/core/environment.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie {

/// Tells the reaper and the node how much space the state directory's file system has left: nothing
/// in the kernel announces that. Dropped before the reactor stops.
class DiskWatch {
 public:
  /// `reactor` and `environment` outlive it.
  DiskWatch(Reactor& reactor, EnvironmentPtr environment, std::string path);
  DiskWatch(const DiskWatch&) = delete;
  DiskWatch& operator=(const DiskWatch&) = delete;
  ~DiskWatch();

 private:
  void look();

  Reactor& reactor_;
  EnvironmentPtr environment_;
  std::string path_;
  TimerId timer_;
};

}  // namespace aerie
