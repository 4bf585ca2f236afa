#include "guest/process_children.hpp"

#include <algorithm>
#include <utility>

#include "guest/log_frames.hpp"

namespace aerie::guest {

ProcessChildren::ProcessChildren(GuestSetting setting, ChildReports reports)
    : setting_(std::move(setting)),
      reports_(std::move(reports)),
      leftovers_(setting_.reactor, [this](const std::string& mark) { return is_running(mark); }) {}

void ProcessChildren::start(const std::string& child, std::uint64_t run) {
  const auto& specs = setting_.configure.profile.children;
  const auto spec = std::find_if(specs.begin(), specs.end(),
                                 [&](const ChildSpec& each) { return each.name == child; });
  if (spec == specs.end() || is_closed_ || running_.contains(child)) return;
  auto started = ChildRun::start(
      setting_, *spec, leftovers_.variable(child, run),
      {[this, child, run] { reports_.on_ready(child, run); },
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
  running_.clear();
  opening_.clear();
  leftovers_.sweep_now();
}

bool ProcessChildren::owns(pid_t pid) const {
  return std::any_of(running_.begin(), running_.end(),
                     [&](const auto& each) { return each.second.process->pid() == pid; }) ||
         std::any_of(opening_.begin(), opening_.end(),
                     [&](const auto& each) { return each.second->pid() == pid; });
}

// -- a warm guest is taken ------------------------------------------------------------------------

void ProcessChildren::assign(const link::Assign& assignment) {
  setting_.configure.session = assignment.session;
  setting_.configure.url = assignment.url;
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
  if (!is_closed_) leftovers_.sweep_soon();
}

bool ProcessChildren::is_running(const std::string& mark) const {
  return std::any_of(running_.begin(), running_.end(), [&](const auto& each) {
    return leftovers_.variable(each.first, each.second.run).second == mark;
  });
}

}  // namespace aerie::guest
