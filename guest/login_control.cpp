#include "guest/login_control.hpp"

#include <algorithm>
#include <cstdio>

#include "runtime/process/unix_socket.hpp"

namespace aerie::guest {
namespace {

constexpr int control_fd = 3;
/// Of one frame with variables; the rest of its 64 KiB is what JSON adds to them.
constexpr std::size_t variables_bytes = 24 * 1024;
/// Of a credential's parts and a word.
constexpr std::size_t most_standing = 64;

}  // namespace

Result<std::unique_ptr<LoginControl>> LoginControl::make(Reactor& reactor, Events events) {
  auto pair = unix_socket_pair();
  if (!pair) return tl::unexpected(pair.error());
  std::unique_ptr<LoginControl> control{new LoginControl{std::move(events)}};
  control->far_ = std::move(pair->second);
  control->socket_ = std::make_unique<FrameSocket>(
      reactor, std::move(pair->first),
      FrameSocket::Events{
          [self = control.get()](const Json& message) { self->on_message(message); },
          {}});  // its end is told by its process
  return control;
}

LoginControl::LoginControl(Events events) : events_(std::move(events)) {}

SpawnRequest LoginControl::request(const std::string& program) const {
  SpawnRequest request;
  request.argv = {program};
  request.env = {{"AERIE_CONTROL_FD", std::to_string(control_fd)}};
  request.fds = {{far_.get(), control_fd}};
  return request;
}

void LoginControl::on_started(const Environment& env) {
  far_.reset();
  Json values = Json::object();
  std::size_t bytes = 0;
  const auto flush = [&] {
    if (!values.empty()) socket_->send({{"type", "env"}, {"values", std::move(values)}});
    values = Json::object();
    bytes = 0;
  };
  for (const auto& [name, value] : env) {
    if (bytes + name.size() + value.size() > variables_bytes) flush();
    values[name] = value;
    bytes += name.size() + value.size();
  }
  flush();
}

void LoginControl::send(const link::LoginOrder& order) {
  // A host that has come back says again what the one before said.
  if (order.provider && order.attempt > attempt_) {
    attempt_ = order.attempt;
    standing_.clear();
    failure_.reset();
  }
  socket_->send(to_frame(link::HostMessage{order}));
}

std::optional<Cause> LoginControl::last_words() {
  socket_->read_now();
  return failure_;
}

void LoginControl::on_message(const Json& message) {
  const auto type = message.value("type", Json{});
  if (type == "ready") return events_.on_ready();
  if (type == "open") {
    const auto url = message.value("url", Json{});
    // As strict as with what goes to the host.
    const auto checked = link::parse_guest_message(
        {{"type", "login"}, {"state", "awaiting-user"}, {"attempt", 1}, {"url", url}});
    if (checked && url.is_string()) events_.on_open(url.get<std::string>());
    return;
  }
  auto parsed = link::parse_guest_message(message);
  if (parsed && (std::holds_alternative<link::LoginNews>(*parsed) ||
                 std::holds_alternative<link::CredentialPart>(*parsed)))
    return on_words(std::move(*parsed));
  std::fprintf(stderr, "aerie-guest: the log-in agent said what it may not\n");
}

void LoginControl::on_words(link::GuestMessage words) {
  if (const auto* news = std::get_if<link::LoginNews>(&words)) {
    failure_ = news->state == LoginState::failed ? news->cause : std::nullopt;
    std::erase_if(standing_,
                  [](const auto& each) { return std::holds_alternative<link::LoginNews>(each); });
  }
  if (standing_.size() < most_standing) standing_.push_back(words);
  events_.on_says(std::move(words));
}

}  // namespace aerie::guest
