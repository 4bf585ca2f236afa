#pragma once

#include <caf/actor_system.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "guest/env_mask.hpp"
#include "guest/host_link.hpp"
#include "guest/options.hpp"
#include "guest/process_children.hpp"
#include "messages/interfaces.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie::guest {

/// The guest program's heart: obeys the host on the link, runs the profile's children under the
/// supervisor actor, and tells the host what becomes of them. Lives on the reactor's thread.
///
/// While no host is linked the children run on; after `orphan_after` without one, or soon where
/// they are past `max_age`, they are stopped.
class Guest {
 public:
  /// `on_finished` is called once, when no child is left and the host was told: the exit status.
  Guest(caf::actor_system& system, Reactor& reactor, Options options,
        std::function<void(int status)> on_finished);
  /// Kills what still runs.
  ~Guest();
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  /// Begins to listen. The cause when that is not possible.
  [[nodiscard]] std::optional<Cause> open(std::string secret);

  /// Whether a pid is one of the profile's children, and so not an orphan's.
  [[nodiscard]] bool owns(pid_t pid) const { return children_ && children_->owns(pid); }

  /// `tell` is called each time a child of the profile was reaped.
  void on_child_reaped(std::function<void()> tell) { on_reaped_ = std::move(tell); }

  /// Stops the children in reverse order and finishes.
  void stop(const std::string& by);

 private:
  void on_host(link::HostMessage message);
  void obey(link::Configure configure);
  void obey(const link::Renew& renew);
  void obey(const link::Assign& assign);
  void obey(const link::RestartChild& restart);
  void obey(const link::KillChild& kill);
  void obey(const link::Stop& request) { stop(request.by); }
  void obey(const link::StreamSays& says);

  void on_linked(bool is_first);
  void on_lost();
  /// To the host, without the values of the session's environment.
  void say(link::GuestMessage message);
  void on_news(const link::ChildNews& news);
  void on_supervisor_finished(const std::optional<Cause>& cause);
  void leave_when_told();

  [[nodiscard]] ChildReports reports_to(const SupervisorActor& supervisor);
  void spawn_supervisor(const link::Configure& configure);
  void set_age_limit(Duration max_age);

  /// What is called only while this guest lives: the actor's words may come later.
  template <class Function>
  [[nodiscard]] auto while_alive(Function function) {
    return [alive = std::weak_ptr<bool>{alive_}, function](const auto&... arguments) {
      if (!alive.expired()) function(arguments...);
    };
  }

  caf::actor_system& system_;
  Reactor& reactor_;
  Options options_;
  std::function<void(int)> on_finished_;
  std::unique_ptr<HostLink> link_;
  /// Shared with the supervisor's child host, which lives on an actor's thread.
  std::shared_ptr<ProcessChildren> children_;
  std::function<void()> on_reaped_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  SupervisorActor supervisor_;
  EnvMask mask_;
  /// What a host that adopts this guest must hear: the last news of each running child.
  std::map<std::string, std::vector<link::ChildNews>> standing_;
  Duration orphan_after_{60'000};  ///< until `configure` says otherwise
  TimerId orphan_timer_;
  TimerId age_timer_;
  bool is_past_age_ = false;
  bool is_linked_ = false;
  std::optional<int> exit_status_;  ///< all is over; only the host must be told
  bool is_all_ready_ = false;
};

}  // namespace aerie::guest
