#pragma once

#include "actors/core/actor.hpp"
#include "messages/interfaces.hpp"

namespace aerie {

/// The event log actor.
/// Job: writes each event into the controller's log, with session, VM, child and seq.
/// Owns nothing; sends nothing; ends with its supervisor.
class EventLog : public Actor<EventReaderActor> {
 public:
  explicit EventLog(caf::actor_config& config);

  Behavior make_behavior() override;
};

}  // namespace aerie
