#include "actors/supervisor/supervisor.hpp"

#include <random>

#include "actors/supervisor/exit_cause.hpp"

namespace aerie {

Supervisor::Supervisor(caf::actor_config& config, SupervisorPlan plan, const HostFactory& make_host,
                       std::unique_ptr<SupervisorListener> listener, std::uint64_t jitter_seed,
                       const std::string& name)
    : Actor(config, name == "root" ? "root" : "supervisor"),
      host_(make_host(self())),
      listener_(std::move(listener)),
      core_(std::move(plan),
            {[this] { return monotonic(); },
             [this](std::uint64_t ticket, Duration after) {
               send_later(after, SupervisorTimer{ticket});
             },
             [random = std::mt19937_64{jitter_seed}]() mutable {
               return std::uniform_real_distribution<double>{-1.0, 1.0}(random);
             }},
            *host_, *listener_) {
  go_by({}, name);
}

Supervisor::Behavior Supervisor::make_behavior() {
  // A parent that ends its child asks by an exit message: children must not outlive their parent.
  set_exit_handler([this](const caf::exit_msg&) {
    core_.stop("controller");
    quit_when_finished();
  });
  return {
      [this](const StartChildren&) {
        core_.start();
        quit_when_finished();
      },
      [this](const ChildStarted& started) {
        core_.on_started(started.child, started.run, started.pid);
      },
      [this](const ChildReady& ready) {
        core_.on_ready(ready.child, ready.run);
        show_children();
      },
      [this](const ChildExited& exited) {
        core_.on_exited(exited.child, exited.run, exited.exit);
        quit_when_finished();
      },
      [this](const RestartOneChild& restart) { core_.restart(restart.child, restart.by); },
      [this](const KillOneChild& kill) { core_.signal(kill.child, kill.signal, kill.by); },
      [this](const StopChildren& stop) {
        core_.stop(stop.by);
        quit_when_finished();
      },
      [this](const SupervisorTimer& timer) { core_.on_timer(timer.ticket); },
  };
}

void Supervisor::show_children() {
  ActorFace face;
  for (const auto& child : core_.children()) {
    const bool is_well = child.phase == "ready" || !child.last_cause;
    face.parts.push_back({child.name,
                          std::string{child.phase},
                          child.pid,
                          child.restarts,
                          {},
                          is_well ? std::string{} : child.last_cause->message,
                          child.last_cause});
  }
  if (core_.cause()) face.reason = core_.cause()->message;
  show(std::move(face));
}

void Supervisor::quit_when_finished() {
  show_children();
  if (!core_.is_finished()) return;
  if (core_.cause())
    quit(exit_reason_of(*core_.cause()));
  else
    quit();
}

void Supervisor::on_exit() {
  // Timers still under way keep this object; the host's own actor, and children of a supervisor
  // that was killed, must not wait for them.
  host_.reset();
}

}  // namespace aerie
