#include "guest/guest.hpp"

#include <algorithm>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <cstdio>
#include <cstdlib>
#include <sodium.h>
#include <unistd.h>
#include <utility>

#include "actors/core/actor.hpp"
#include "actors/supervisor/supervisor.hpp"
#include "guest/supervisor_ports.hpp"
#include "runtime/process/unix_socket.hpp"

namespace aerie::guest {
namespace {

constexpr Duration past_age_patience{10'000};

/// Where the X cookie and the audio's socket are: nobody but this guest sees either directory.
std::string runtime_directory() {
  const char* directory = std::getenv("XDG_RUNTIME_DIR");
  return directory != nullptr ? std::string{directory} : "/tmp";
}

SupervisorPlan plan_of(const Profile& profile) {
  SupervisorPlan plan{profile.strategy, profile.intensity, {}};
  for (const auto& child : profile.children)
    plan.children.push_back(
        {child.name, child.restart, child.ready.within, child.grace, child.backoff});
  return plan;
}

}  // namespace

Guest::Guest(caf::actor_system& system, Reactor& reactor, Options options,
             std::function<void(int)> on_finished)
    : system_(system),
      reactor_(reactor),
      options_(std::move(options)),
      on_finished_(std::move(on_finished)) {}

Guest::~Guest() {
  for (const auto timer : {orphan_timer_, age_timer_})
    reactor_.cancel(timer);
  // The actor shares the children, whose processes must go on this thread.
  if (children_) children_->clear();
  if (supervisor_) caf::anon_send_exit(supervisor_, caf::exit_reason::kill);
}

std::optional<Cause> Guest::open(std::string secret) {
  auto listener = options_.listen_fd >= 0 ? Result<UniqueFd>{UniqueFd{options_.listen_fd}}
                                          : listen_unix(options_.socket);
  if (!listener) return listener.error();
  auto link = HostLink::listen(reactor_, std::move(*listener), std::move(secret),
                               {[this](link::HostMessage message) { on_host(std::move(message)); },
                                [this](bool is_first) { on_linked(is_first); },
                                [this] { on_lost(); }, [this] { return children_ != nullptr; }});
  if (!link) return link.error();
  link_ = std::move(*link);
  on_lost();
  return std::nullopt;
}

void Guest::stop(const std::string& by) {
  if (supervisor_)
    post(supervisor_, StopChildren{by});
  else if (!exit_status_)
    on_supervisor_finished(std::nullopt);
}

// -- the host's orders ----------------------------------------------------------------------------

void Guest::on_host(link::HostMessage message) {
  std::visit([this](auto& order) { obey(std::move(order)); }, message);
}

void Guest::obey(link::Configure configure) {
  if (children_ || exit_status_) return;  // once in a guest's life
  orphan_after_ = configure.orphan_after;
  set_age_limit(configure.max_age);
  spawn_supervisor(configure);
  link_->send(link::Configured{});
  post(supervisor_, StartChildren{});
}

void Guest::obey(const link::Renew& renew) {
  if (!children_) return;
  link_->renew_secret(renew.secret);
  orphan_after_ = renew.orphan_after;
  children_->renew(renew);
}

void Guest::obey(const link::Assign& assign) {
  if (!children_) return;
  set_age_limit(assign.max_age);
  children_->assign(assign);
}

void Guest::obey(const link::RestartChild& restart) {
  if (supervisor_) post(supervisor_, RestartOneChild{restart.child, restart.by});
}

void Guest::obey(const link::KillChild& kill) {
  if (supervisor_) post_urgent(supervisor_, KillOneChild{kill.child, kill.signal, kill.by});
}

void Guest::obey(const link::StreamSays& says) {
  if (children_) children_->pass_to_streamer(says.body);
}

void Guest::obey(const link::LoginOrder& order) {
  if (children_) children_->pass_to_login(order);
}

// -- with and without a host ----------------------------------------------------------------------

void Guest::on_linked(bool is_first) {
  is_linked_ = true;
  reactor_.cancel(std::exchange(orphan_timer_, {}));
  if (!is_first) {
    for (const auto& [child, all] : standing_)
      for (const auto& news : all)
        link_->send(news);
    if (is_all_ready_) link_->send(link::AllReady{});
    if (children_) children_->say_what_stands();
  }
  if (exit_status_) leave_when_told();
}

void Guest::on_lost() {
  is_linked_ = false;
  reactor_.cancel(orphan_timer_);
  orphan_timer_ = {};
  // A controller that restarts is back by then.
  const auto patience = is_past_age_ ? std::min(orphan_after_, past_age_patience) : orphan_after_;
  if (patience <= Duration{0}) return;
  orphan_timer_ = reactor_.after(patience, [this] {
    if (exit_status_) return on_finished_(*exit_status_);  // nobody came to hear it
    stop("reaper");
  });
}

/// While there is a host it negotiates the end with the viewers.
void Guest::set_age_limit(Duration max_age) {
  reactor_.cancel(std::exchange(age_timer_, {}));
  if (max_age <= Duration{0}) return;
  age_timer_ = reactor_.after(max_age, [this] {
    is_past_age_ = true;
    if (!is_linked_) on_lost();
  });
}

// -- the children ---------------------------------------------------------------------------------

ChildReports Guest::reports_to(const SupervisorActor& supervisor) {
  // All of them urgent: among themselves they stay in order, and an end overtakes all else.
  return {[supervisor](const std::string& child, std::uint64_t run, pid_t pid) {
            post_urgent(supervisor, ChildStarted{child, run, pid});
          },
          [supervisor](const std::string& child, std::uint64_t run) {
            post_urgent(supervisor, ChildReady{child, run});
          },
          [this, supervisor](const std::string& child, std::uint64_t run, ExitRecord exit) {
            post_urgent(supervisor, ChildExited{child, run, std::move(exit)});
            if (on_reaped_) on_reaped_();
          }};
}

void Guest::spawn_supervisor(const link::Configure& configure) {
  GuestSetting setting{reactor_,
                       configure,
                       options_.stream,
                       options_.login,
                       runtime_directory() + "/aerie-xauthority",
                       own_environment(),
                       {},
                       {},
                       [this](link::GuestMessage message) { say(std::move(message)); }};
  setting.audio_directory = runtime_directory() + "/aerie-audio";
  mask_ = EnvMask{configure.env};
  const auto make_host = [&](const SupervisorActor& supervisor) {
    children_ = std::make_shared<ProcessChildren>(std::move(setting), reports_to(supervisor));
    return std::make_unique<ReactorChildHost>(reactor_, children_);
  };
  auto listener = std::make_unique<ReactorListener>(
      reactor_,
      ReactorListener::Events{while_alive([this](const link::ChildNews& news) { on_news(news); }),
                              while_alive([this] {
                                is_all_ready_ = true;
                                link_->send(link::AllReady{});
                              }),
                              while_alive([this](const std::optional<Cause>& cause) {
                                on_supervisor_finished(cause);
                              })});
  const auto seed = std::uint64_t{randombytes_random()};
  supervisor_ =
      system_.spawn<Supervisor>(plan_of(*configure.profile), make_host, std::move(listener), seed);
}

void Guest::say(link::GuestMessage message) {
  mask_.apply(message);
  link_->send(std::move(message));
}

void Guest::on_news(const link::ChildNews& news) {
  if (news.kind == link::ChildNewsKind::started || news.kind == link::ChildNewsKind::ready)
    standing_[news.child].push_back(news);
  else
    standing_.erase(news.child);
  say(news);
}

// -- the end --------------------------------------------------------------------------------------

void Guest::on_supervisor_finished(const std::optional<Cause>& cause) {
  supervisor_ = nullptr;
  exit_status_ = cause ? 1 : 0;
  say(link::Finished{cause});
  leave_when_told();
}

void Guest::leave_when_told() {
  // A cause is worth waiting for a host; without one there is nothing left to tell.
  if (!link_->is_linked() && *exit_status_ != 0) return;
  link_->when_sent([this] { on_finished_(*exit_status_); });
}

}  // namespace aerie::guest
