#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "guest/login/attempt.hpp"
#include "runtime/process/frame_socket.hpp"

namespace aerie::login {

/// The log-in agent: a child of the guest's supervisor, which gives it a socket as descriptor 3.
///
/// To it: `{"type":"env","values":{…}}`, once or more, the tools' environment; then orders as they
/// come over the guest's link (`link::LoginOrder`). From it: `{"type":"ready"}`,
/// `{"type":"open","url":…}` for the guest's browser, and `link::LoginNews` and
/// `link::CredentialPart` for the host. An attempt that begins takes the place of the one before.
/// When a tool was at fault the agent ends as well: what happened is then told like any child's
/// end.
class Agent {
 public:
  /// `on_finished` is called once, with the exit status.
  Agent(Reactor& reactor, UniqueFd control, std::function<void(int status)> on_finished);
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

 private:
  void on_message(const Json& message);
  void begin(const link::LoginOrder& order);
  void on_attempt_end();
  void finish(int status);

  Reactor& reactor_;
  std::function<void(int)> on_finished_;
  std::vector<std::pair<std::string, std::string>> env_;
  std::uint64_t last_attempt_ = 0;
  std::unique_ptr<Attempt> attempt_;
  std::unique_ptr<FrameSocket> control_;
};

}  // namespace aerie::login
