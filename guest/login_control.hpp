#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "messages/link.hpp"
#include "runtime/process/frame_socket.hpp"
#include "runtime/process/spawn.hpp"

namespace aerie::guest {

/// The builtin `login`'s control socket, see `guest/login/agent.hpp`: passes the host's orders on,
/// and what the agent says back, validated as if it came from anybody.
class LoginControl {
 public:
  using Environment = std::vector<std::pair<std::string, std::string>>;
  struct Events {
    std::function<void()> on_ready;
    std::function<void(link::GuestMessage)> on_says;          ///< for the host
    std::function<void(const std::string& address)> on_open;  ///< for the guest's browser
  };

  [[nodiscard]] static Result<std::unique_ptr<LoginControl>> make(Reactor& reactor, Events events);
  LoginControl(const LoginControl&) = delete;
  LoginControl& operator=(const LoginControl&) = delete;

  /// What to start; its descriptor is lent by this object until `on_started`.
  [[nodiscard]] SpawnRequest request(const std::string& program) const;
  /// `env`: of the tools.
  void on_started(const Environment& env);

  void send(const link::LoginOrder& order);

  /// What another host must hear: the last word of the last attempt, and before it what it left.
  [[nodiscard]] const std::vector<link::GuestMessage>& standing() const { return standing_; }

  /// The agent ended: reads its last words, and the cause where its tool was at fault.
  [[nodiscard]] std::optional<Cause> last_words();

 private:
  explicit LoginControl(Events events);
  void on_message(const Json& message);
  void on_words(link::GuestMessage words);

  Events events_;
  std::unique_ptr<FrameSocket> socket_;
  UniqueFd far_;
  std::uint64_t attempt_ = 0;  ///< the last one
  std::vector<link::GuestMessage> standing_;
  std::optional<Cause> failure_;
};

}  // namespace aerie::guest
