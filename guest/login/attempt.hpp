#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "guest/login/address.hpp"
#include "guest/login/browser_door.hpp"
#include "guest/login/capture.hpp"
#include "guest/login/terminal.hpp"
#include "guest/login/tool.hpp"
#include "messages/link.hpp"
#include "messages/provider.hpp"
#include "runtime/preflight/preflight.hpp"

namespace aerie::login {

/// What an attempt needs of its surroundings.
struct AttemptSetting {
  Reactor& reactor;
  std::uint64_t number = 1;
  Provider provider;
  std::string seal_key;  ///< X25519 public key, base64
  std::vector<std::pair<std::string, std::string>> env;
  std::function<void(link::GuestMessage)> say;
  std::function<void(const std::string& address)> open;  ///< in the guest's browser
  std::function<void()> on_end;  ///< once, after the last word; the attempt may be destroyed inside
};

/// One try to sign in with one tool: runs it, finds the address, opens it, waits for the files.
/// On the reactor's thread.
class Attempt {
 public:
  explicit Attempt(AttemptSetting setting);
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;
  ~Attempt();

  void begin();
  /// What it leaves is sealed to this key from now on.
  void seal_to(std::string key) { setting_.seal_key = std::move(key); }
  /// Somebody gave it up; the tool is ended.
  void cancel();

  [[nodiscard]] std::uint64_t number() const { return setting_.number; }
  /// Why it failed, where the tool was at fault.
  [[nodiscard]] const std::optional<Cause>& failure() const { return failure_; }
  /// What the tool showed last, for the log.
  [[nodiscard]] std::vector<std::string> last_lines() const;

 private:
  [[nodiscard]] std::optional<Cause> taken_port() const;
  [[nodiscard]] Result<void> start_tool();
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const;
  void on_output(std::string_view bytes);
  void look();
  void settle();
  void accept(const std::string& address);
  bool on_browser(const std::string& address);
  void on_exit(WaitStatus status);
  void go_on(LoginState state);
  void complete();
  void fail(Cause cause);
  void end(LoginState state, std::optional<Cause> cause);

  AttemptSetting setting_;
  std::regex address_;
  std::optional<std::regex> callback_;
  std::optional<std::regex> done_;
  Terminal terminal_;
  std::unique_ptr<BrowserDoor> door_;
  std::unique_ptr<Capture> capture_;
  std::unique_ptr<Tool> tool_;
  std::optional<Found> seen_;  ///< an address that waits until the screen is at rest
  std::string opened_;
  std::size_t openings_ = 0;
  bool is_from_browser_ = false;  ///< the tool itself asked for the page
  LoginState state_ = LoginState::starting;
  bool is_over_ = false;
  std::optional<Cause> failure_;
  TimerId deadline_;
  TimerId settling_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace aerie::login
