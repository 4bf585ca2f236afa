#pragma once

#include <aerie/embedded.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/event_stream.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/websocket_client.hpp"

namespace aerie::test {

/// A session as its creator knows it.
struct StartedSession {
  std::string id;
  std::string token;
  Json document;
};

/// A whole controller in this process, and what tests do with it as an operator. Everything of it,
/// guests too, is gone when it is. Failures throw `std::runtime_error`.
class World {
 public:
  /// Configuration as on the command line after `--set`.
  using Set = std::vector<std::pair<std::string, std::string>>;

  explicit World(const Set& set = {});
  explicit World(const EmbeddedOptions& options);

  [[nodiscard]] const std::string& address() const { return controller_->address(); }
  [[nodiscard]] const std::string& state() const { return controller_->state(); }
  [[nodiscard]] const std::string& token() const { return controller_->operator_token(); }

  /// A client with the operator's token.
  [[nodiscard]] HttpClient http() const { return HttpClient(address(), token()); }

  /// Creates a session; `wish` is the request's body, a missing `userId` is filled in.
  StartedSession start(Json wish = Json::object());

  /// Waits, by the events, until a session is in a state, and returns its document.
  Json wait_for_state(const std::string& id, const std::string& state,
                      std::chrono::milliseconds within = patience);

  [[nodiscard]] Json session(const std::string& id) const;
  [[nodiscard]] Json why(const std::string& id) const;

  /// Events from the first one kept on.
  [[nodiscard]] EventStream events() const;

  /// The address of the viewer's page.
  [[nodiscard]] std::string viewer(const std::string& id, const std::string& session_token,
                                   const std::string& role = "host") const;

  /// A token that may only watch.
  [[nodiscard]] std::string watch_token(const std::string& id) const;

  /// A signaling socket that said hello; its `welcome` is not read yet.
  [[nodiscard]] WebSocketClient join(const std::string& id, const std::string& session_token,
                                     const std::string& role = "host") const;

  /// Tears the controller down, as the destructor would.
  void end() { controller_.reset(); }

 private:
  std::unique_ptr<Embedded> controller_;
};

}  // namespace aerie::test
