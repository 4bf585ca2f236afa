#pragma once

#include "actors/core/actor.hpp"
#include "messages/interfaces.hpp"
#include "runtime/metrics/metrics.hpp"

namespace aerie {

/// The event log actor.
/// Job: writes each event into the controller's log, with session, VM, child, actor and seq; counts
/// it. Owns nothing; sends nothing; ends with its supervisor.
class EventLog : public Actor<EventReaderActor> {
 public:
  EventLog(caf::actor_config& config, std::shared_ptr<Metrics> metrics);

  Behavior make_behavior() override;

 private:
  std::shared_ptr<Metrics> metrics_;
};

}  // namespace aerie
