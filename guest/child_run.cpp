#include "guest/child_run.hpp"

#include <csignal>
#include <iterator>
#include <utility>

#include "guest/log_frames.hpp"

namespace aerie::guest {
namespace {

ExitRecord never_ran(const std::string& child, const Cause& cause) {
  ExitRecord record;
  record.child = child;
  record.kind = cause.kind;
  record.message = cause.message;
  record.remedy = cause.remedy;
  record.at = wall_now();
  return record;
}

Cause missing_variable(const std::string& child, const std::string& name) {
  return {CauseKind::environment_missing,
          child + " requires the variable " + name + ", which is not set.",
          "Give " + name + " in the session's env or in the profile.",
          {}};
}

/// Builtins get nothing of the session's: its variables are its programs' own business.
std::vector<std::pair<std::string, std::string>> builtin_environment(
    const GuestSetting& setting, std::vector<std::pair<std::string, std::string>> own) {
  auto env = merge({&setting.base, &setting.display});
  std::move(own.begin(), own.end(), std::back_inserter(env));
  return env;
}

}  // namespace

Substitutions GuestSetting::substitutions() const {
  return {{"url", configure.url.empty() ? "about:blank" : configure.url},
          {"width", std::to_string(configure.display.width)},
          {"height", std::to_string(configure.display.height)},
          {"session", configure.session}};
}

std::vector<std::pair<std::string, std::string>> environment_of(const GuestSetting& setting,
                                                                const ChildSpec& spec) {
  const Environment session{setting.configure.env.begin(), setting.configure.env.end()};
  return merge({&setting.base, &setting.display, &spec.env, &session});
}

tl::expected<std::unique_ptr<ChildRun>, ExitRecord> ChildRun::start(
    GuestSetting& setting, const ChildSpec& spec, std::pair<std::string, std::string> mark,
    ChildRunEvents events) {
  std::unique_ptr<ChildRun> run{new ChildRun{setting, spec, std::move(events)}};
  auto request = run->prepare();
  if (!request) return tl::unexpected(never_ran(spec.name, request.error()));
  request->env.push_back(std::move(mark));
  auto* self = run.get();
  auto process =
      Process::start(setting.reactor, spec.name, *request,
                     {[self](const std::vector<LogLine>& lines) { self->on_lines(lines); },
                      [self](ExitRecord exit) { self->on_exit(std::move(exit)); },
                      {}});
  if (!process) return tl::unexpected(process.error());
  run->process_ = std::move(*process);
  // Its holder must know the run before it is told that it is ready.
  setting.reactor.post([weak = std::weak_ptr<bool>{run->alive_}, self] {
    if (!weak.expired()) self->on_started();
  });
  return run;
}

ChildRun::ChildRun(GuestSetting& setting, const ChildSpec& spec, ChildRunEvents events)
    : setting_(setting), spec_(spec), events_(std::move(events)) {}

// -- starting -------------------------------------------------------------------------------------

Result<SpawnRequest> ChildRun::prepare() {
  readiness_ = make_readiness(setting_.reactor, spec_.ready,
                              [this](std::optional<int> display) { on_ready(display); });
  if (spec_.builtin) return prepare_builtin();
  SpawnRequest request;
  request.argv = substitute(spec_.command, setting_.substitutions());
  request.env = environment_of(setting_, spec_);
  if (const auto name = first_missing(spec_.require_env, request.env); !name.empty())
    return tl::unexpected(missing_variable(spec_.name, name));
  return request;
}

Result<SpawnRequest> ChildRun::prepare_builtin() {
  switch (*spec_.builtin) {
    case Builtin::display: {
      display_ = std::make_unique<DisplayServer>(setting_.reactor, setting_.configure.display,
                                                 setting_.authority_file, setting_.display_number,
                                                 [this](int number) { on_ready(number); });
      auto request = display_->request();
      request.env = builtin_environment(setting_, {});
      return request;
    }
    case Builtin::stream:
      return prepare_streamer();
    case Builtin::login:
      break;
  }
  return tl::unexpected(Cause{CauseKind::exec_not_found,
                              spec_.name + " is the builtin login, which this guest does not have.",
                              "Use a profile without a login child.",
                              {}});
}

Result<SpawnRequest> ChildRun::prepare_streamer() {
  auto control =
      StreamerControl::make(setting_.reactor, spec_.watchdog,
                            {[this] { on_ready({}); },
                             [this](Json body) { setting_.say(link::StreamSays{std::move(body)}); },
                             [this](const Cause& cause) { signal(SIGKILL, "controller", cause); }});
  if (!control) return tl::unexpected(control.error());
  streamer_ = std::move(*control);
  auto request = streamer_->request(setting_.stream_program);
  request.env = builtin_environment(setting_, std::move(request.env));
  return request;
}

void ChildRun::on_started() {
  if (display_) display_->on_started();
  if (streamer_) streamer_->on_started(setting_.configure.display, setting_.configure.ice_servers);
  if (readiness_) readiness_->on_started();
}

// -- running --------------------------------------------------------------------------------------

void ChildRun::on_ready(std::optional<int> display) {
  // A builtin's own word counts only where it is the condition, but its display counts anyway.
  if (display && display_) {
    setting_.display_number = display;
    setting_.display = display_->client_environment(*display);
  } else if (display && !setting_.display_number) {
    setting_.display = {{"DISPLAY", ":" + std::to_string(*display)}};
  }
  if (std::exchange(is_ready_, true)) return;
  events_.on_ready();
}

void ChildRun::on_lines(const std::vector<LogLine>& lines) {
  for (auto& message : pack_lines(spec_.name, lines))
    setting_.say(std::move(message));
  if (readiness_ && !is_ready_)
    for (const auto& line : lines)
      readiness_->on_line(line);
}

void ChildRun::signal(int number, const std::string& by, const std::optional<Cause>& reason) {
  if (!reason) return process_->signal(number, by);
  reason_ = reason;
  process_->kill(by);
}

void ChildRun::pass(const Json& body) {
  if (streamer_) streamer_->send(body);
}

void ChildRun::on_exit(ExitRecord exit) {
  if (streamer_ && !reason_ && exit.kind != CauseKind::killed) reason_ = streamer_->last_words();
  if (reason_) {
    exit.kind = reason_->kind;
    exit.message = reason_->message;
    exit.remedy = reason_->remedy;
    exit.by.reset();
  }
  const auto tell = std::move(events_.on_exited);
  tell(std::move(exit));
}

}  // namespace aerie::guest
