#include "guest/child_run.hpp"

#include <csignal>
#include <cstdlib>
#include <iterator>
#include <sys/prctl.h>
#include <utility>

#include "guest/log_frames.hpp"
#include "runtime/process/environment_file.hpp"

namespace aerie::guest {
namespace {

/// What execve(2) would have said.
std::optional<std::string> errno_of(CauseKind kind) {
  switch (kind) {
    case CauseKind::exec_not_found:
    case CauseKind::interpreter_missing:
    case CauseKind::loader_missing:
      return "ENOENT";
    case CauseKind::exec_not_executable:
      return "EACCES";
    case CauseKind::exec_wrong_format:
      return "ENOEXEC";
    default:
      return std::nullopt;
  }
}

Cause missing_variable(const std::string& child, const std::string& name) {
  return {CauseKind::environment_missing,
          child + " requires the variable " + name + ", which is not set.",
          "Give " + name + " in the session's env or in the profile.",
          {}};
}

/// Builtins get nothing of the session's: its variables are its programs' own business.
std::vector<std::pair<std::string, std::string>> builtin_environment(
    const GuestSetting& setting, const ChildSpec& spec,
    std::vector<std::pair<std::string, std::string>> own) {
  auto env = merge({&setting.base, &setting.display, &setting.audio, &spec.env});
  std::move(own.begin(), own.end(), std::back_inserter(env));
  return env;
}

}  // namespace

Substitutions GuestSetting::substitutions() const {
  const auto& page = login_page.empty() ? configure.url : login_page;
  return {{"url", page.empty() ? "about:blank" : page},
          {"width", std::to_string(configure.display.width)},
          {"height", std::to_string(configure.display.height)},
          {"session", configure.session}};
}

std::vector<std::pair<std::string, std::string>> environment_of(const GuestSetting& setting,
                                                                const ChildSpec& spec) {
  const Environment session{setting.configure.env.begin(), setting.configure.env.end()};
  return merge({&setting.base, &setting.display, &setting.audio, &spec.env, &session});
}

ChildPrograms programs_of(const GuestSetting& setting, const ChildSpec& spec) {
  ChildPrograms child;
  const auto add = [&](std::vector<std::string> argv, auto env) {
    const bool has_no_new_privileges = ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    child.programs.push_back({std::move(argv), std::move(env), {}, has_no_new_privileges});
  };
  if (spec.builtin == Builtin::display)
    add({display_program}, builtin_environment(setting, spec, {}));
  if (spec.builtin == Builtin::stream)
    add({setting.stream_program}, builtin_environment(setting, spec, {}));
  if (spec.builtin == Builtin::login)
    add({setting.login_program}, builtin_environment(setting, spec, {}));
  if (spec.builtin == Builtin::audio) add({audio_program}, builtin_environment(setting, spec, {}));
  child.is_streamer = spec.builtin == Builtin::stream;
  for (const auto* command : {&spec.command, &spec.open})
    if (!command->empty())
      add(substitute(*command, setting.substitutions()), environment_of(setting, spec));
  return child;
}

ExitRecord never_ran(const std::string& child, const Cause& cause) {
  ExitRecord record;
  record.child = child;
  record.kind = cause.kind;
  record.message = cause.message;
  if (!cause.remedy.empty()) record.remedy = cause.remedy;
  record.errno_name = errno_of(cause.kind);
  record.tail = cause.evidence;
  record.at = wall_now();
  return record;
}

tl::expected<std::unique_ptr<ChildRun>, ExitRecord> ChildRun::start(GuestSetting& setting,
                                                                    const ChildSpec& spec,
                                                                    ChildMark mark,
                                                                    ChildRunEvents events) {
  auto run = launch(setting, spec, std::move(mark), std::move(events));
  if (run) (*run)->begin();
  return run;
}

tl::expected<std::unique_ptr<ChildRun>, ExitRecord> ChildRun::stand_by(
    GuestSetting& setting, const ChildSpec& spec, ChildMark mark,
    std::function<void(ExitRecord exit)> on_exited) {
  return launch(setting, spec, std::move(mark), {[] {}, std::move(on_exited)});
}

void ChildRun::take(ChildRunEvents events) {
  events_ = std::move(events);
  process_->begin_anew();
  begin();
}

tl::expected<std::unique_ptr<ChildRun>, ExitRecord> ChildRun::launch(GuestSetting& setting,
                                                                     const ChildSpec& spec,
                                                                     ChildMark mark,
                                                                     ChildRunEvents events) {
  std::unique_ptr<ChildRun> run{new ChildRun{setting, spec, std::move(events)}};
  auto request = run->prepare();
  if (!request) return tl::unexpected(never_ran(spec.name, request.error()));
  run->mark_ = mark;
  request->env.push_back(std::move(mark));
  auto* self = run.get();
  auto process =
      Process::start(setting.reactor, spec.name, *request,
                     {[self](const std::vector<LogLine>& lines) { self->on_lines(lines); },
                      [self](ExitRecord exit) { self->on_exit(std::move(exit)); },
                      {}});
  if (!process) return tl::unexpected(process.error());
  run->process_ = std::move(*process);
  return run;
}

void ChildRun::begin() {
  // Its holder must know the run before it is told that it is ready.
  setting_.reactor.post([this, weak = std::weak_ptr<bool>{alive_}] {
    if (!weak.expired()) on_started();
  });
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
      request.env = builtin_environment(setting_, spec_, {});
      return request;
    }
    case Builtin::stream:
      return prepare_streamer();
    case Builtin::login:
      return prepare_login();
    case Builtin::audio:
      return prepare_audio();
  }
  return tl::unexpected(Cause{CauseKind::exec_not_found,
                              spec_.name + " is a builtin that this guest does not have.",
                              "Use a profile without it.",
                              {}});
}

Result<SpawnRequest> ChildRun::prepare_login() {
  auto control = LoginControl::make(
      setting_.reactor, {[this] { on_ready({}); },
                         [this](link::GuestMessage words) { on_login_says(std::move(words)); },
                         [this](const std::string& url) { show_login_page(url); }});
  if (!control) return tl::unexpected(control.error());
  login_ = std::move(*control);
  auto request = login_->request(setting_.login_program);
  request.env = builtin_environment(setting_, spec_, std::move(request.env));
  return request;
}

Result<SpawnRequest> ChildRun::prepare_audio() {
  auto audio = AudioServer::make(setting_.audio_directory);
  if (!audio) return tl::unexpected(audio.error());
  audio_ = std::move(*audio);
  auto request = audio_->request();
  request.env = builtin_environment(setting_, spec_, std::move(request.env));
  return request;
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
  // Which UDP ports of this guest are reached from outside (guest/stream/ice.hpp).
  if (const char* ports = std::getenv("AERIE_MEDIA_PORTS"))
    request.env.emplace_back("AERIE_MEDIA_PORTS", ports);
  request.env = builtin_environment(setting_, spec_, std::move(request.env));
  return request;
}

void ChildRun::on_started() {
  if (display_) display_->on_started();
  if (streamer_) streamer_->on_started(setting_.configure);
  if (login_) {
    auto env = environment_of(setting_, spec_);
    env.push_back(mark_);  // what a tool starts is known as this child's
    login_->on_started(env);
  }
  if (audio_) {
    audio_->on_started();
    setting_.audio = audio_->client_environment();
    on_ready({});  // what connects from now on is heard
  }
  if (readiness_) readiness_->on_started();
}

// -- running --------------------------------------------------------------------------------------

void ChildRun::on_ready(std::optional<int> display) {
  // A builtin's own word counts only where it is the condition, but its display counts anyway.
  if (display && display_) {
    setting_.display_number = display;
    setting_.display = display_->client_environment(*display);
    set_in_environment_file({{"DISPLAY", ":" + std::to_string(*display)}});
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

void ChildRun::when_awake(std::function<void()> awake) {
  if (streamer_) streamer_->when_awake(std::move(awake));
}

void ChildRun::pass(const Json& body) {
  if (streamer_) streamer_->send(body);
}

void ChildRun::pass(const link::LoginOrder& order) {
  if (login_) login_->send(order);
}

void ChildRun::say_what_stands() {
  if (!login_) return;
  for (const auto& words : login_->standing())
    setting_.say(words);
}

void ChildRun::on_login_says(link::GuestMessage words) {
  const auto* news = std::get_if<link::LoginNews>(&words);
  if (news != nullptr && is_final(news->state)) show_login_page("");
  setting_.say(std::move(words));
}

void ChildRun::show_login_page(const std::string& url) {
  if (setting_.show_login_page) setting_.show_login_page(url);
}

void ChildRun::on_exit(ExitRecord exit) {
  if (login_) show_login_page("");
  if (streamer_ && !reason_ && exit.kind != CauseKind::killed) reason_ = streamer_->last_words();
  if (login_ && !reason_ && exit.kind != CauseKind::killed) reason_ = login_->last_words();
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
