#include "guest/process_children.hpp"

#include <algorithm>
#include <utility>

#include "guest/log_frames.hpp"
#include "runtime/process/environment_file.hpp"

namespace aerie::guest {
namespace {

/// Not while the first viewers connect, who need the processor more.
constexpr Duration standby_after{1000};
/// After one ended that was never needed: what ended it may still be at it.
constexpr Duration standby_again{30'000};

Cause never_started(const std::string& child, const std::string& by) {
  return {CauseKind::killed,
          "'" + child + "' was stopped by " + by + " before it was started.",
          "",
          {}};
}

}  // namespace

ProcessChildren::ProcessChildren(GuestSetting setting, ChildReports reports)
    : setting_(std::move(setting)),
      reports_(std::move(reports)),
      examiner_(std::make_unique<Examiner>(setting_.reactor)),
      leftovers_(setting_.reactor, [this](const std::string& mark) { return is_running(mark); }) {
  setting_.show_login_page = [this](const std::string& url) { show_login_page(url); };
}

void ProcessChildren::start(const std::string& child, std::uint64_t run) {
  const auto& specs = setting_.configure.profile->children;
  const auto spec = std::find_if(specs.begin(), specs.end(),
                                 [&](const ChildSpec& each) { return each.name == child; });
  if (spec == specs.end() || is_closed_ || running_.contains(child)) return;
  if (setting_.configure.is_template && spec->builtin == Builtin::stream) return hold(*spec, run);
  running_[child] = {run, nullptr};
  // One that stands by was looked at before it was started.
  if (standby_ && standby_->child() == child) return launch(*spec, run, std::nullopt);
  examiner_->examine(
      programs_of(setting_, *spec),
      [this, run, &spec = *spec](const std::optional<Cause>& fault) { launch(spec, run, fault); });
  prepare_others(child);
}

void ProcessChildren::launch(const ChildSpec& spec, std::uint64_t run,
                             const std::optional<Cause>& fault) {
  auto* waiting = find(spec.name, run);
  if (waiting == nullptr || waiting->process) return;  // it was stopped meanwhile
  if (fault) return on_exited(spec.name, run, never_ran(spec.name, *fault));
  auto started = begin(spec, {[this, &spec, run] { on_ready(spec, run); },
                              [this, child = spec.name, run](ExitRecord exit) {
                                on_exited(child, run, std::move(exit));
                              }});
  if (!started) return on_exited(spec.name, run, std::move(started.error()));
  waiting->process = std::move(*started);
  reports_.on_started(spec.name, run, waiting->process->pid());
}

/// While the first child starts, the others' programs are looked at already.
void ProcessChildren::prepare_others(const std::string& child) {
  if (std::exchange(is_prepared_, true)) return;
  for (const auto& spec : setting_.configure.profile->children)
    if (spec.name != child) examiner_->prepare(programs_of(setting_, spec));
}

void ProcessChildren::stop(const std::string& child, std::uint64_t run, Duration grace,
                           const std::string& by) {
  auto* running = find(child, run);
  if (running == nullptr) return;
  if (running->process) return running->process->stop(grace, by);
  abandon(child, run, never_started(child, by), by);
}

void ProcessChildren::signal(const std::string& child, std::uint64_t run, int signal,
                             const std::string& by, const std::optional<Cause>& reason) {
  auto* running = find(child, run);
  if (running == nullptr) return;
  if (running->process) return running->process->signal(signal, by, reason);
  if (reason)
    abandon(child, run, *reason, std::nullopt);
  else
    abandon(child, run, never_started(child, by), by);
}

void ProcessChildren::abandon(const std::string& child, std::uint64_t run, const Cause& cause,
                              const std::optional<std::string>& by) {
  auto exit = never_ran(child, cause);
  exit.by = by;
  on_exited(child, run, std::move(exit));
}

void ProcessChildren::pass_to_streamer(const Json& body) {
  for (auto& [name, running] : running_)
    if (running.process) running.process->pass(body);
}

void ProcessChildren::pass_to_login(const link::LoginOrder& order) {
  for (auto& [name, running] : running_)
    if (running.process) running.process->pass(order);
}

void ProcessChildren::say_what_stands() {
  for (auto& [name, running] : running_)
    if (running.process) running.process->say_what_stands();
}

void ProcessChildren::clear() {
  is_closed_ = true;
  setting_.reactor.cancel(std::exchange(standby_timer_, {}));
  standby_.reset();
  examiner_.reset();
  running_.clear();
  opening_.clear();
  leftovers_.sweep_now();
}

bool ProcessChildren::owns(pid_t pid) const {
  return (standby_ && standby_->pid() == pid) ||
         std::any_of(running_.begin(), running_.end(),
                     [&](const auto& each) {
                       return each.second.process && each.second.process->pid() == pid;
                     }) ||
         std::any_of(opening_.begin(), opening_.end(),
                     [&](const auto& each) { return each.second.process->pid() == pid; });
}

// -- a streamer that stands by --------------------------------------------------------------------

tl::expected<std::unique_ptr<ChildRun>, ExitRecord> ProcessChildren::begin(const ChildSpec& spec,
                                                                           ChildRunEvents events) {
  if (!standby_ || standby_->child() != spec.name)
    return ChildRun::start(setting_, spec, new_mark(spec), std::move(events));
  standby_->take(std::move(events));
  return std::move(standby_);
}

ChildMark ProcessChildren::new_mark(const ChildSpec& spec) {
  return leftovers_.variable(spec.name, next_mark_++);
}

void ProcessChildren::on_ready(const ChildSpec& spec, std::uint64_t run) {
  reports_.on_ready(spec.name, run);
  if (spec.builtin != Builtin::stream) return;
  stand_by_after(standby_after, spec);
}

void ProcessChildren::stand_by_after(Duration delay, const ChildSpec& spec) {
  setting_.reactor.cancel(standby_timer_);
  standby_timer_ = setting_.reactor.after(delay, [this, &spec] { stand_by(spec); });
}

void ProcessChildren::stand_by(const ChildSpec& spec) {
  if (standby_ || is_closed_) return;
  const auto say = [this, name = spec.name](const std::string& message) {
    const std::vector<LogLine> line{
        {wall_now(), LogLine::Stream::err, "aerie: no streamer stands by: " + message}};
    for (auto& packed : pack_lines(name, line))
      setting_.say(std::move(packed));
  };
  auto started = ChildRun::stand_by(
      setting_, spec, new_mark(spec), [this, say, &spec](const ExitRecord& exit) {
        const auto ended = std::move(standby_);  // kept until the end of this call
        say(exit.message);
        stand_by_after(standby_again, spec);
      });
  if (started)
    standby_ = std::move(*started);
  else
    say(started.error().message);
}

// -- a guest that is saved ------------------------------------------------------------------------

/// The libraries are loaded before the guest is saved, and nothing is made that must be its own.
void ProcessChildren::hold(const ChildSpec& spec, std::uint64_t run) {
  held_run_ = run;
  stand_by(spec);
  if (standby_) standby_->when_awake([this] { setting_.say(link::Held{}); });
}

void ProcessChildren::renew(const link::Renew& renew) {
  setting_.configure.vm = renew.vm;
  setting_.configure.ice_servers = renew.ice_servers;
  setting_.configure.file_bytes = renew.file_bytes;
  setting_.configure.is_template = false;
  if (!held_run_) return;
  const auto run = *std::exchange(held_run_, std::nullopt);
  for (const auto& spec : setting_.configure.profile->children)
    if (spec.builtin == Builtin::stream) start(spec.name, run);
}

// -- showing pages --------------------------------------------------------------------------------

void ProcessChildren::assign(const link::Assign& assignment) {
  const bool shows_it = assignment.url.empty() || assignment.url == setting_.configure.url;
  setting_.configure.session = assignment.session;
  set_in_environment_file({{"SESSION_ID", assignment.session}});
  setting_.configure.url = assignment.url;
  if (shows_it) return;
  for (const auto& spec : setting_.configure.profile->children)
    if (const auto found = running_.find(spec.name);
        !spec.open.empty() && found != running_.end() && found->second.process)
      open(spec, assignment.url);
}

/// In the first child that shows pages, and runs; one that is started while the page stands begins
/// with it.
void ProcessChildren::show_login_page(const std::string& url) {
  setting_.login_page = url;
  if (url.empty()) return;
  for (const auto& spec : setting_.configure.profile->children)
    if (const auto found = running_.find(spec.name);
        !spec.open.empty() && found != running_.end() && found->second.process)
      return open(spec, url);
}

void ProcessChildren::open(const ChildSpec& spec, const std::string& url) {
  SpawnRequest request;
  auto values = setting_.substitutions();
  if (!url.empty()) values["url"] = url;
  request.argv = substitute(spec.open, values);
  request.env = environment_of(setting_, spec);
  const auto number = next_opening_++;
  const auto say = [this, name = spec.name](const std::vector<LogLine>& lines) {
    for (auto& message : pack_lines(name, lines))
      setting_.say(std::move(message));
  };
  auto process =
      Process::start(setting_.reactor, spec.name, request,
                     {say, [this, number](const ExitRecord&) { opening_.erase(number); }, {}});
  if (process)
    opening_[number] = {spec.name, std::move(*process)};
  else
    say({{wall_now(), LogLine::Stream::err, "aerie: " + process.error().message}});
}

// -- ends -----------------------------------------------------------------------------------------

ProcessChildren::Running* ProcessChildren::find(const std::string& child, std::uint64_t run) {
  const auto found = running_.find(child);
  return found != running_.end() && found->second.run == run ? &found->second : nullptr;
}

void ProcessChildren::on_exited(const std::string& child, std::uint64_t run, ExitRecord exit) {
  // Kept until the end of this call, which comes from within it.
  const auto ended = running_.extract(child);
  std::erase_if(opening_, [&](const auto& each) { return each.second.child == child; });
  reports_.on_exited(child, run, std::move(exit));
  if (!is_closed_) leftovers_.sweep_soon();
}

bool ProcessChildren::is_running(const std::string& mark) const {
  return (standby_ && standby_->mark() == mark) ||
         std::any_of(running_.begin(), running_.end(), [&](const auto& each) {
           return each.second.process && each.second.process->mark() == mark;
         });
}

}  // namespace aerie::guest
