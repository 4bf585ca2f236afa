#pragma once

#include <functional>
#include <memory>

#include "actors/core/actor.hpp"
#include "actors/supervisor/supervisor_core.hpp"
#include "messages/interfaces.hpp"

namespace aerie {

/// The supervisor actor.
/// Job: keeps its children alive by the rules of `SupervisorCore`.
/// Owns: the child host, and through it the children; the back-off state.
/// Sends: nothing but its own timers; news go to its listener.
/// Ends: when its last child is gone after a stop or, with the cause as its reason, a child given
/// up. Killed, it takes its children along.
class Supervisor : public Actor<SupervisorActor> {
 public:
  /// Makes the host once the supervisor's address is known, for the host's reports.
  using HostFactory = std::function<std::unique_ptr<ChildHost>(const SupervisorActor&)>;

  Supervisor(caf::actor_config& config, SupervisorPlan plan, const HostFactory& make_host,
             std::unique_ptr<SupervisorListener> listener, std::uint64_t jitter_seed,
             const std::string& name = "supervisor");

  Behavior make_behavior() override;
  void on_exit() override;

 private:
  void show_children();
  void quit_when_finished();

  std::unique_ptr<ChildHost> host_;
  std::unique_ptr<SupervisorListener> listener_;
  SupervisorCore core_;
};

}  // namespace aerie
