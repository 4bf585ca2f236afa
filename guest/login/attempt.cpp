#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Instrumented, <regex> of g++ 12 looks uninitialized to it (GCC bug 105562).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "guest/login/attempt.hpp"

#include <algorithm>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

namespace aerie::login {
namespace {

/// An address at an edge is taken once the tool has written nothing for this long: more may come.
constexpr Duration rest{300};
/// A tool that asks for page after page is let have these many.
constexpr std::size_t most_openings = 16;
constexpr std::size_t shown_lines = 20;

/// Whether somebody listens at a port of the loopback already.
bool is_taken(int family, int port) {
  const UniqueFd socket{::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!socket) return false;
  const int one = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (family == AF_INET6) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  sockaddr_storage address{};
  socklen_t size = 0;
  if (family == AF_INET) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<std::uint16_t>(port));
    v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    size = sizeof *v4;
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<std::uint16_t>(port));
    v6->sin6_addr = in6addr_loopback;
    size = sizeof *v6;
  }
  return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 &&
         errno == EADDRINUSE;
}

std::string value_of(const std::vector<std::pair<std::string, std::string>>& env,
                     std::string_view name) {
  const auto found =
      std::find_if(env.rbegin(), env.rend(), [&](const auto& pair) { return pair.first == name; });
  return found == env.rend() ? std::string{} : found->second;
}

std::optional<std::regex> optional_regex(const std::string& pattern) {
  return pattern.empty() ? std::nullopt : std::optional<std::regex>{pattern};
}

bool shows(const std::string& text, const std::optional<std::regex>& expression) {
  try {
    return expression && std::regex_search(text, *expression);
  } catch (const std::regex_error&) {  // too much for it
    return false;
  }
}

}  // namespace

Attempt::Attempt(AttemptSetting setting)
    : setting_(std::move(setting)),
      address_(setting_.provider.url),
      callback_(optional_regex(setting_.provider.callback_line)),
      done_(optional_regex(setting_.provider.line)),
      terminal_([this](std::string_view answer) {
        if (tool_ && setting_.provider.tty) tool_->write(answer);
      }) {}

Attempt::~Attempt() {
  setting_.reactor.cancel(deadline_);
  setting_.reactor.cancel(settling_);
}

// -- the tool -------------------------------------------------------------------------------------

void Attempt::begin() {
  deadline_ = setting_.reactor.after(setting_.provider.within, [this] {
    end(LoginState::timed_out,
        Cause{CauseKind::deadline,
              "The log-in was not done within " + std::to_string(setting_.provider.within.count()) +
                  " ms.",
              "Try again, and sign in sooner; raise the provider's withinMs if it is too short.",
              {}});
  });
  go_on(LoginState::starting);
  if (auto taken = taken_port()) return fail(std::move(*taken));
  if (auto started = start_tool(); !started) fail(started.error());
}

std::optional<Cause> Attempt::taken_port() const {
  const auto port = setting_.provider.callback_port;
  if (!port || (!is_taken(AF_INET, *port) && !is_taken(AF_INET6, *port))) return std::nullopt;
  return Cause{CauseKind::port_in_use,
               "The port " + std::to_string(*port) + " of the guest's loopback, at which " +
                   setting_.provider.name + " waits for its callback, is taken.",
               "End the log-in that uses it, or give guests a network of their own.",
               {}};
}

std::vector<std::pair<std::string, std::string>> Attempt::environment() const {
  auto env = setting_.env;
  const auto set = [&](const std::string& name, const std::string& value) {
    std::erase_if(env, [&](const auto& pair) { return pair.first == name; });
    env.emplace_back(name, value);
  };
  set("TERM", setting_.provider.tty ? "xterm-256color" : "dumb");
  for (const auto& [name, value] : setting_.provider.env)
    set(name, value);
  for (const auto& [name, value] : door_->environment(value_of(env, "PATH")))
    set(name, value);
  return env;
}

Result<void> Attempt::start_tool() {
  auto door = BrowserDoor::open(setting_.reactor,
                                [this](const std::string& address) { return on_browser(address); });
  if (!door) return tl::unexpected(door.error());
  door_ = std::move(*door);
  const auto env = environment();
  auto root = preflight::FileRoot::open("/");
  if (root) {
    const preflight::Preflight preflight{
        std::make_shared<const preflight::FileRoot>(std::move(*root))};
    const auto report = preflight.examine({setting_.provider.command, env, {}, false});
    if (report.fault) return tl::unexpected(*report.fault);
  }
  if (!setting_.provider.files.empty())
    capture_ = std::make_unique<Capture>(
        setting_.reactor, setting_.provider.files, value_of(env, "HOME"),
        Capture::Events{[this] { go_on(LoginState::authenticating); }, [this] { complete(); }});
  auto tool = Tool::start(
      setting_.reactor,
      {setting_.provider.command, env, setting_.provider.tty, Terminal::rows, Terminal::columns},
      {[this](std::string_view bytes) { on_output(bytes); },
       [this](WaitStatus status) { on_exit(status); }});
  if (!tool) return tl::unexpected(tool.error());
  tool_ = std::move(*tool);
  return {};
}

// -- what it shows --------------------------------------------------------------------------------

void Attempt::on_output(std::string_view bytes) {
  if (is_over_) return;
  if (setting_.provider.tty) {
    terminal_.feed(bytes);
  } else {
    // A pipe has no line discipline that would add it.
    std::string text;
    for (const auto each : bytes) {
      if (each == '\n') text += '\r';
      text += each;
    }
    terminal_.feed(text);
  }
  look();
}

void Attempt::look() {
  const auto rows = terminal_.content();
  const auto text = unwrapped(rows, Terminal::columns);
  if (shows(text, done_)) return complete();
  if (shows(text, callback_)) go_on(LoginState::authenticating);
  // A hyperlink is whole at once.
  for (auto each = terminal_.links().rbegin(); each != terminal_.links().rend(); ++each) {
    std::smatch match;
    if (is_address(*each) && shows(*each, address_)) return accept(*each);
  }
  auto found = find_address(rows, Terminal::columns, address_);
  if (!found || found->address == opened_) return;
  found->may_go_on = found->may_go_on || terminal_.is_writing();
  seen_ = std::move(found);
  if (!seen_->may_go_on) return settle();
  setting_.reactor.cancel(settling_);
  settling_ = setting_.reactor.after(rest, [this] { settle(); });
}

void Attempt::settle() {
  setting_.reactor.cancel(settling_);
  if (const auto seen = std::exchange(seen_, std::nullopt)) accept(seen->address);
}

void Attempt::accept(const std::string& address) {
  // What the tool opens itself is what its user is to see; what it shows besides is for those
  // whose browser is elsewhere.
  if (is_over_ || is_from_browser_ || address == opened_ || openings_ == most_openings) return;
  ++openings_;
  opened_ = address;
  state_ = LoginState::awaiting_user;
  setting_.say(link::LoginNews{setting_.number, state_, address, std::nullopt});
  setting_.open(address);
}

bool Attempt::on_browser(const std::string& address) {
  if (is_over_ || openings_ == most_openings) return false;
  is_from_browser_ = false;
  accept(address);
  is_from_browser_ = true;
  return true;
}

// -- how it ends ----------------------------------------------------------------------------------

void Attempt::on_exit(WaitStatus status) {
  tool_.reset();
  if (is_over_) return;
  if (capture_ && capture_->is_there() && status.how == WaitStatus::How::exited &&
      status.value == 0)
    return complete();
  ExitContext context;
  context.child = setting_.provider.command.front();
  context.tail = last_lines();
  const auto verdict = classify_exit(status, context);
  Cause cause{verdict.kind, verdict.message, verdict.remedy.value_or(""), context.tail};
  if (verdict.kind == CauseKind::clean)
    cause = {CauseKind::exit_code,
             context.child + " ended with status 0 and left no credential" +
                 (capture_ ? ": " + capture_->missing() + " is not there or not complete." : "."),
             "Look at what it showed last; the provider's done may name another place.",
             context.tail};
  fail(std::move(cause));
}

void Attempt::go_on(LoginState state) {
  if (is_over_ || state < state_) return;
  if (state == state_ && state != LoginState::starting) return;
  state_ = state;
  setting_.say(link::LoginNews{setting_.number, state, "", std::nullopt});
}

void Attempt::complete() {
  if (is_over_) return;
  if (capture_) {
    const auto parts = capture_->seal(setting_.seal_key, setting_.number);
    if (!parts) return fail(parts.error());
    for (const auto& part : *parts)
      setting_.say(part);
  }
  end(LoginState::completed, std::nullopt);
}

void Attempt::fail(Cause cause) {
  if (is_over_) return;
  failure_ = cause;
  end(LoginState::failed, std::move(cause));
}

void Attempt::cancel() {
  end(LoginState::cancelled, Cause{CauseKind::requested,
                                   "The log-in was cancelled.",
                                   "Nothing has failed; try again to sign in.",
                                   {}});
}

void Attempt::end(LoginState state, std::optional<Cause> cause) {
  if (std::exchange(is_over_, true)) return;
  state_ = state;
  setting_.reactor.cancel(deadline_);
  setting_.reactor.cancel(settling_);
  setting_.say(link::LoginNews{setting_.number, state, "", std::move(cause)});
  // Not from within its own callbacks.
  setting_.reactor.post([this, weak = std::weak_ptr<bool>{alive_}] {
    if (weak.expired()) return;
    tool_.reset();
    const auto tell = setting_.on_end;
    tell();
  });
}

std::vector<std::string> Attempt::last_lines() const {
  return login::last_lines(terminal_.content(), Terminal::columns, shown_lines);
}

}  // namespace aerie::login
