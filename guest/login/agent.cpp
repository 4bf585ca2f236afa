#include "guest/login/agent.hpp"

#include <cstdio>

namespace aerie::login {

Agent::Agent(Reactor& reactor, UniqueFd control, std::function<void(int)> on_finished)
    : reactor_(reactor), on_finished_(std::move(on_finished)) {
  control_ = std::make_unique<FrameSocket>(
      reactor_, std::move(control),
      FrameSocket::Events{[this](const Json& message) { on_message(message); },
                          [this](const Cause&) { finish(0); }});  // the supervisor is gone
  control_->send({{"type", "ready"}});
}

void Agent::on_message(const Json& message) {
  const auto type = message.value("type", Json{});
  if (type == "env") {
    const auto values = message.value("values", Json::object());
    for (const auto& [name, value] : values.items())
      if (value.is_string()) env_.emplace_back(name, value.get<std::string>());
    return;
  }
  const auto parsed = link::parse_host_message(message);
  if (!parsed) {
    std::fprintf(stderr, "aerie-login: %s\n", parsed.error().message.c_str());
    return;
  }
  const auto* order = std::get_if<link::LoginOrder>(&*parsed);
  if (order == nullptr) return;
  if (order->provider)
    begin(*order);
  else if (attempt_ && attempt_->number() == order->attempt)
    attempt_->cancel();
}

void Agent::begin(const link::LoginOrder& order) {
  // A controller that has come back says it again, and may have another key by then.
  if (attempt_ && order.attempt == last_attempt_) attempt_->seal_to(order.seal_key);
  if (order.attempt <= last_attempt_) return;
  last_attempt_ = order.attempt;
  attempt_.reset();
  AttemptSetting setting{reactor_,
                         order.attempt,
                         *order.provider,
                         order.seal_key,
                         env_,
                         [this](link::GuestMessage words) { control_->send(to_frame(words)); },
                         [this](const std::string& address) {
                           control_->send({{"type", "open"}, {"url", address}});
                         },
                         [this] { on_attempt_end(); }};
  attempt_ = std::make_unique<Attempt>(std::move(setting));
  attempt_->begin();
}

void Agent::on_attempt_end() {
  const auto ended = std::move(attempt_);
  if (!ended->failure()) return;
  for (const auto& line : ended->last_lines())
    std::fprintf(stderr, "%s\n", line.c_str());
  std::fprintf(stderr, "aerie-login: %s\n", ended->failure()->message.c_str());
  control_->when_sent([this] { finish(1); });
}

void Agent::finish(int status) {
  if (const auto tell = std::exchange(on_finished_, nullptr)) tell(status);
}

}  // namespace aerie::login
