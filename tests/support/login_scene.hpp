#pragma once

#include <memory>
#include <string>

#include "tests/support/tool_folder.hpp"

namespace aerie::test {

/// Waits, by the events, for a state of a session's log-in, in that attempt or any, `within` a time
/// from each one before; returns the event's data. `token`: an operator's.
Json wait_for_login(const std::string& address, const std::string& token,
                    const std::string& session, const std::string& state,
                    const Json& attempt = nullptr,
                    std::chrono::milliseconds within = std::chrono::seconds{60});

/// A controller that knows the stand-in tools `tools` has when it is made.
class LoginScene {
 public:
  /// `more`: configuration as after `--set`.
  explicit LoginScene(const ToolFolder& tools, const World::Set& more = {});

  [[nodiscard]] World& world() const { return *world_; }

  /// A session with that log-in and nothing else in its guest, where `wish` names no other profile.
  [[nodiscard]] StartedSession start(const std::string& provider, Json wish = Json::object()) const;

  /// See `wait_for_login`.
  Json wait_for(const std::string& session, const std::string& state, const Json& attempt = nullptr,
                std::chrono::milliseconds within = std::chrono::seconds{60}) const;

  /// A client with the session's token.
  [[nodiscard]] HttpClient owner(const StartedSession& session) const;

  /// The home of a session's guest, as the host sees it.
  [[nodiscard]] std::string home(const StartedSession& session) const;

 private:
  std::unique_ptr<World> world_;
};

[[nodiscard]] std::string credential_of(const StartedSession& session);
/// `what`: `cancel` or `retry`.
[[nodiscard]] std::string login_of(const StartedSession& session, const std::string& what);

}  // namespace aerie::test
