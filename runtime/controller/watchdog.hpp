#pragma once

#include <functional>
#include <memory>

#include "actors/core/environment.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie {

/// Says every so often that the controller lives, as long as it does: the reactor's timers come,
/// and ledger, node, console and gateway each answer a question that waits in their mailboxes like
/// any other. Where one does not, it says nothing more until it does.
class Watchdog {
 public:
  /// `well` is called on the reactor's thread. The reactor outlives this.
  Watchdog(Reactor& reactor, EnvironmentPtr environment, Duration every,
           std::function<void()> well);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

 private:
  class Rounds;
  Reactor& reactor_;
  std::shared_ptr<Rounds> rounds_;
};

}  // namespace aerie
