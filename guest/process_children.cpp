#include "guest/process_children.hpp"

#include <algorithm>
#include <utility>

#include "guest/log_frames.hpp"

namespace aerie::guest {
namespace {

/// Not while the first viewers connect, who need the processor more.
constexpr Duration standby_after{1000};
/// After one ended that was never needed: what ended it may still be at it.
constexpr Duration standby_again{30'000};

}  // namespace

ProcessChildren::ProcessChildren(GuestSetting setting, ChildReports reports)
    : setting_(std::move(setting)), reports_(std::move(reports)) {}

void ProcessChildren::start(const std::string& child, std::uint64_t run) {
  const auto& specs = setting_.configure.profile.children;
  const auto spec = std::find_if(specs.begin(), specs.end(),
                                 [&](const ChildSpec& each) { return each.name == child; });
  if (spec == specs.end() || is_closed_ || running_.contains(child)) return;
  auto started = begin(
      *spec, {[this, &spec = *spec, run] { on_ready(spec, run); },
              [this, child, run](ExitRecord exit) { on_exited(child, run, std::move(exit)); }});
  if (!started) return reports_.on_exited(child, run, std::move(started.error()));
  const auto pid = (*started)->pid();
  running_[child] = {run, std::move(*started)};
  reports_.on_started(child, run, pid);
}

void ProcessChildren::stop(const std::string& child, std::uint64_t run, Duration grace,
                           const std::string& by) {
  if (auto* running = find(child, run)) running->process->stop(grace, by);
}

void ProcessChildren::signal(const std::string& child, std::uint64_t run, int signal,
                             const std::string& by, const std::optional<Cause>& reason) {
  if (auto* running = find(child, run)) running->process->signal(signal, by, reason);
}

void ProcessChildren::pass_to_streamer(const Json& body) {
  for (auto& [name, running] : running_)
    running.process->pass(body);
}

void ProcessChildren::clear() {
  is_closed_ = true;
  setting_.reactor.cancel(std::exchange(standby_timer_, {}));
  standby_.reset();
  running_.clear();
  opening_.clear();
}

bool ProcessChildren::owns(pid_t pid) const {
  return (standby_ && standby_->pid() == pid) ||
         std::any_of(running_.begin(), running_.end(),
                     [&](const auto& each) { return each.second.process->pid() == pid; }) ||
         std::any_of(opening_.begin(), opening_.end(),
                     [&](const auto& each) { return each.second->pid() == pid; });
}

// -- a streamer that stands by --------------------------------------------------------------------

tl::expected<std::unique_ptr<ChildRun>, ExitRecord> ProcessChildren::begin(const ChildSpec& spec,
                                                                           ChildRunEvents events) {
  if (!standby_ || standby_->child() != spec.name)
    return ChildRun::start(setting_, spec, std::move(events));
  standby_->take(std::move(events));
  return std::move(standby_);
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
  auto started = ChildRun::stand_by(setting_, spec, [this, say, &spec](const ExitRecord& exit) {
    const auto ended = std::move(standby_);  // kept until the end of this call
    say(exit.message);
    stand_by_after(standby_again, spec);
  });
  if (started)
    standby_ = std::move(*started);
  else
    say(started.error().message);
}

// -- a warm guest is taken ------------------------------------------------------------------------

void ProcessChildren::assign(const link::Assign& assignment) {
  const bool shows_it = assignment.url.empty() || assignment.url == setting_.configure.url;
  setting_.configure.session = assignment.session;
  setting_.configure.url = assignment.url;
  if (shows_it) return;
  for (const auto& spec : setting_.configure.profile.children)
    if (!spec.open.empty() && running_.contains(spec.name)) open(spec);
}

void ProcessChildren::open(const ChildSpec& spec) {
  SpawnRequest request;
  request.argv = substitute(spec.open, setting_.substitutions());
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
    opening_[number] = std::move(*process);
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
  reports_.on_exited(child, run, std::move(exit));
}

}  // namespace aerie::guest
