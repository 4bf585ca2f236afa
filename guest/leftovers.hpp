#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "runtime/process/reactor.hpp"

namespace aerie::guest {

/// Ends what children leave behind outside their process groups: grandchildren that made a session
/// of their own or lost their parents. Every run of a child is marked in its environment, which
/// what it starts inherits; whoever bears the mark of a run that is over is killed.
///
/// On the reactor's thread; needs /proc (proc(5), `environ`), and sees what this user may read
/// there.
class Leftovers {
 public:
  /// `is_running` tells which marks are those of running children.
  Leftovers(Reactor& reactor, std::function<bool(const std::string& mark)> is_running);
  Leftovers(const Leftovers&) = delete;
  Leftovers& operator=(const Leftovers&) = delete;

  /// The variable for one process of a child; no number is used twice.
  [[nodiscard]] std::pair<std::string, std::string> variable(const std::string& child,
                                                             std::uint64_t number) const;

  /// Sweeps as soon as the replacement of what has just ended is under way, again until nothing is
  /// found.
  void sweep_soon();
  /// Sweeps until nothing is found, and cancels what was to come.
  void sweep_now();

 private:
  /// How many were killed.
  std::size_t sweep();

  Reactor& reactor_;
  std::function<bool(const std::string&)> is_running_;
  std::string ours_;  ///< begins the marks of this guest
  TimerId timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace aerie::guest
