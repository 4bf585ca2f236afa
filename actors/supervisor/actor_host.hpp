#pragma once

#include <caf/actor.hpp>
#include <functional>
#include <map>
#include <string>

#include "actors/core/actor.hpp"
#include "actors/supervisor/child_host.hpp"
#include "messages/interfaces.hpp"

namespace aerie {

/// Children of a supervisor that are actors: each is made by its factory, watched by a monitor, and
/// ready as soon as it exists. Their ends come back as exit records: of the cause where the actor
/// ended with `exit_reason_of` one (a supervisor that gave up does), else with the text of its
/// error. A factory that throws is a start that failed.
///
/// Whoever still runs when the host goes is killed.
class ActorHost final : public ChildHost {
 public:
  using Factory = std::function<caf::actor()>;

  /// `factories` are called on the supervisor.
  ActorHost(caf::actor_system& system, const SupervisorActor& supervisor,
            std::map<std::string, Factory> factories);
  ActorHost(const ActorHost&) = delete;
  ActorHost& operator=(const ActorHost&) = delete;
  ~ActorHost() override;

  void start(const std::string& child, std::uint64_t run) override;
  void stop(const std::string& child, std::uint64_t run, Duration grace,
            const std::string& by) override;
  void signal(const std::string& child, std::uint64_t run, int signal, const std::string& by,
              const std::optional<Cause>& reason) override;

 private:
  SupervisorActor supervisor() const;

  caf::weak_actor_ptr supervisor_;
  std::map<std::string, Factory> factories_;
  std::map<std::string, caf::actor> running_;
  caf::actor watcher_;
};

}  // namespace aerie
