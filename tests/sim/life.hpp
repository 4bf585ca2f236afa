#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "actors/core/environment.hpp"
#include "actors/ports/store.hpp"
#include "messages/interfaces.hpp"
#include "tests/sim/agenda.hpp"
#include "tests/sim/disk.hpp"
#include "tests/sim/guests.hpp"
#include "tests/sim/random.hpp"
#include "tests/sim/tombstones.hpp"

namespace aerie::sim {

/// A message that is about to be handled, by an actor of that kind and number.
using Witness =
    std::function<void(std::string_view kind, std::uint64_t actor, caf::mailbox_element& element)>;

/// What a life begins with.
struct LifeParts {
  Agenda& agenda;
  Disk& disk;
  Guests& guests;
  Tombstones& tombstones;
  std::size_t warm = 0;
  std::function<std::string()> new_id;
  Witness witness;
};

/// One controller from its start to its death: the real actors in virtual time. The next job is
/// anyone's: actors run in an order that a seed decides, one message at a time.
class Life {
 public:
  explicit Life(LifeParts parts);
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;
  /// The controller dies: nothing its actors still do reaches the world.
  ~Life();

  [[nodiscard]] caf::actor_system& system() { return system_; }
  [[nodiscard]] const Environment& environment() const { return *environment_; }

  /// Lets an actor handle one message. False where none can.
  bool step(Random* random);
  /// The next timer of an actor.
  [[nodiscard]] std::optional<Instant> next_timer();
  void advance_to(Instant now);

  /// Actors of that kind get no processor until they are freed.
  void stall(std::string kind) { stalled_.insert(std::move(kind)); }
  void free(const std::string& kind) { stalled_.erase(kind); }

 private:
  void make_environment();
  void start_actors();
  SupervisorActor start_services();
  bool choose(Random* random);
  [[nodiscard]] caf::scheduler::test_coordinator& coordinator();

  LifeParts parts_;
  caf::actor_system_config config_;
  caf::actor_system system_;
  Instant born_;
  caf::actor_clock::time_point clock_born_;
  EnvironmentPtr environment_;
  std::set<std::string> stalled_;
  LedgerActor ledger_;
  NodeActor node_;
  SupervisorActor services_;
  int last_token_ = 0;
};

}  // namespace aerie::sim
