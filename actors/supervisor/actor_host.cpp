#include "actors/supervisor/actor_host.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>

#include "actors/supervisor/exit_cause.hpp"

namespace aerie {

namespace {

/// Asks the watcher to report the end of one run of a child.
struct WatchActor {
  std::string child;
  std::uint64_t run = 0;
  caf::actor actor;
};
struct NoteStop {
  std::string child;
  std::string by;
};
/// The grace has passed: whoever is still there is killed.
struct EndGrace {
  std::string child;
  std::uint64_t run = 0;
};

}  // namespace
}  // namespace aerie

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aerie::WatchActor)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aerie::NoteStop)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(aerie::EndGrace)

namespace aerie {
namespace {

ExitRecord describe_end(const std::string& child, const caf::error& reason, bool was_asked,
                        const std::string& by, const std::string& text) {
  ExitRecord exit;
  exit.child = child;
  if (was_asked || reason == caf::exit_reason::user_shutdown) {
    exit.kind = CauseKind::killed;
    exit.by = by.empty() ? "controller" : by;
    exit.message = "The actor '" + child + "' was stopped by " + *exit.by + ".";
  } else if (const auto cause = cause_in(reason)) {
    exit.kind = cause->kind;
    exit.message = cause->message;
    exit.remedy = cause->remedy;
    exit.tail = cause->evidence;
  } else if (reason == caf::exit_reason::normal) {
    exit.kind = CauseKind::clean;
    exit.message = "The actor '" + child + "' ended by itself.";
  } else {
    exit.kind = CauseKind::exit_code;
    exit.message = "The actor '" + child + "' failed: " + text + ".";
    exit.remedy = "This is a defect of the controller: report it with its log.";
  }
  return exit;
}

/// The actor that monitors the children on the host's behalf.
class Watcher : public caf::event_based_actor {
 public:
  Watcher(caf::actor_config& config, caf::weak_actor_ptr supervisor)
      : caf::event_based_actor(config), supervisor_(std::move(supervisor)) {}

  caf::behavior make_behavior() override {
    set_down_handler([this](const caf::down_msg& down) { on_down(down); });
    return {
        [this](const WatchActor& watch) {
          watched_[watch.child] = {watch.run, watch.actor.address(), system().clock().now(), {}};
          monitor<caf::message_priority::high>(watch.actor);
        },
        [this](const NoteStop& stop) {
          const auto found = watched_.find(stop.child);
          if (found != watched_.end()) found->second.stopped_by = stop.by;
        },
        [this](const EndGrace& grace) {
          const auto found = watched_.find(grace.child);
          if (found == watched_.end() || found->second.run != grace.run) return;
          if (const auto actor = caf::actor_cast<caf::actor>(found->second.address))
            send_exit(actor, caf::exit_reason::kill);
        },
    };
  }

 private:
  struct Watched {
    std::uint64_t run = 0;
    caf::actor_addr address;
    caf::actor_clock::time_point began;
    std::string stopped_by;
  };

  void on_down(const caf::down_msg& down) {
    for (auto each = watched_.begin(); each != watched_.end(); ++each) {
      if (each->second.address != down.source) continue;
      const auto supervisor = caf::actor_cast<caf::strong_actor_ptr>(supervisor_);
      const auto& watched = each->second;
      auto exit = describe_end(each->first, down.reason, !watched.stopped_by.empty(),
                               watched.stopped_by, system().render(down.reason));
      exit.at = wall_now();
      exit.uptime_ms = std::chrono::floor<Duration>(system().clock().now() - watched.began).count();
      if (supervisor)
        post_urgent(caf::actor_cast<SupervisorActor>(supervisor),
                    ChildExited{each->first, watched.run, std::move(exit)});
      watched_.erase(each);
      return;
    }
  }

  caf::weak_actor_ptr supervisor_;
  std::map<std::string, Watched> watched_;
};

}  // namespace

ActorHost::ActorHost(caf::actor_system& system, const SupervisorActor& supervisor,
                     std::map<std::string, Factory> factories)
    : supervisor_(caf::actor_cast<caf::weak_actor_ptr>(supervisor)),
      factories_(std::move(factories)),
      watcher_(system.spawn<Watcher>(supervisor_)) {}

ActorHost::~ActorHost() {
  for (const auto& [child, actor] : running_)
    caf::anon_send_exit(actor, caf::exit_reason::kill);
  caf::anon_send_exit(watcher_, caf::exit_reason::user_shutdown);
}

SupervisorActor ActorHost::supervisor() const {
  return caf::actor_cast<SupervisorActor>(caf::actor_cast<caf::strong_actor_ptr>(supervisor_));
}

void ActorHost::start(const std::string& child, std::uint64_t run) {
  caf::actor actor;
  try {
    actor = factories_.at(child)();
  } catch (const std::exception& error) {
    auto exit =
        describe_end(child, describe_exception(std::current_exception()), false, {}, error.what());
    exit.at = wall_now();
    return post_urgent(supervisor(), ChildExited{child, run, std::move(exit)});
  }
  running_[child] = actor;
  caf::anon_send(watcher_, WatchActor{child, run, actor});
  post(supervisor(), ChildStarted{child, run, 0});
  post(supervisor(), ChildReady{child, run});
}

void ActorHost::stop(const std::string& child, std::uint64_t run, Duration grace,
                     const std::string& by) {
  const auto found = running_.find(child);
  if (found == running_.end()) return;
  caf::anon_send(watcher_, NoteStop{child, by});
  caf::anon_send_exit(found->second, caf::exit_reason::user_shutdown);
  if (grace != unlimited_grace) caf::delayed_anon_send(watcher_, grace, EndGrace{child, run});
  // Held on to: an actor that nobody holds is reaped before it has stopped its own children.
}

void ActorHost::signal(const std::string& child, std::uint64_t, int, const std::string& by,
                       const std::optional<Cause>&) {
  const auto found = running_.find(child);
  if (found == running_.end()) return;
  caf::anon_send(watcher_, NoteStop{child, by});
  caf::anon_send_exit(found->second, caf::exit_reason::kill);
}

}  // namespace aerie
