#include "tests/support/login_scene.hpp"

namespace aerie::test {

Json wait_for_login(const std::string& address, const std::string& token,
                    const std::string& session, const std::string& state, const Json& attempt,
                    std::chrono::milliseconds within) {
  EventStream events{address, token, "/api/v1/events?since=0"};
  while (true) {
    const auto event = events.next_of("login.state", within).data;
    const auto& data = event["data"];
    if (event["session"] == session && data["state"] == state &&
        (attempt.is_null() || data["attempt"] == attempt))
      return data;
  }
}

LoginScene::LoginScene(const ToolFolder& tools, const World::Set& more) {
  auto set = tools.settings();
  set.insert(set.end(), more.begin(), more.end());
  world_ = std::make_unique<World>(set);
}

StartedSession LoginScene::start(const std::string& provider, Json wish) const {
  wish["provider"] = provider;
  if (!wish.contains("profile")) wish["profile"] = "bare-login";
  return world_->start(std::move(wish));
}

Json LoginScene::wait_for(const std::string& session, const std::string& state, const Json& attempt,
                          std::chrono::milliseconds within) const {
  return wait_for_login(world_->address(), world_->token(), session, state, attempt, within);
}

HttpClient LoginScene::owner(const StartedSession& session) const {
  return HttpClient{world_->address(), session.token};
}

std::string LoginScene::home(const StartedSession& session) const {
  const auto vm = world_->session(session.id).at("vm").at("id").get<std::string>();
  return world_->state() + "/vms/" + vm + "/home";
}

std::string credential_of(const StartedSession& session) {
  return "/api/v1/sessions/" + session.id + "/credential";
}

std::string login_of(const StartedSession& session, const std::string& what) {
  return "/api/v1/sessions/" + session.id + "/login/" + what;
}

}  // namespace aerie::test
