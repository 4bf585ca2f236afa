#include "tests/support/login_scene.hpp"

namespace aerie::test {

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
  auto events = world_->events();
  while (true) {
    const auto event = events.next_of("login.state", within).data;
    const auto& data = event["data"];
    if (event["session"] == session && data["state"] == state &&
        (attempt.is_null() || data["attempt"] == attempt))
      return data;
  }
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
