#include "runtime/gateway/api/gateway.hpp"

namespace aerie {

void Gateway::run_command(const CallPtr& call) {
  constexpr std::size_t most_commands = 64;
  if (commands_.size() >= most_commands)
    return refuse(call, 429, "quota", "So many commands of the console run already.");
  const auto console = environment_->directory.console();
  if (!console)
    return refuse(call, 503, "unavailable", "The console is being restarted; ask again.");
  const auto id = call->request->id;
  // The console may outlive this actor: a weak address, so that it keeps none alive.
  const auto weak = caf::actor_cast<caf::weak_actor_ptr>(self());
  auto reply = std::make_shared<HttpConsoleReply>(world_.server, id, [weak, id] {
    if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
      post(caf::actor_cast<GatewayActor>(strong), HttpGone{id});
  });
  count_response(200);
  call->is_answered = true;
  commands_[id] = reply;
  if (event_readers_.size() + commands_.size() == 1) expect_comments();
  send(console, RunCommand{call->body["line"].get<std::string>(), std::move(reply)});
}

void Gateway::stop_command(const std::weak_ptr<HttpConsoleReply>& command) {
  const auto console = environment_->directory.console();
  if (auto reply = command.lock(); reply && console) send(console, StopCommand{std::move(reply)});
}

}  // namespace aerie
