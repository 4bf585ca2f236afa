#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "messages/cause.hpp"
#include "tests/support/deadline.hpp"

namespace aerie::test {

/// A signaling client without a browser, used from one thread. What fails throws
/// `std::runtime_error`. Pings of the server are answered while something is awaited.
class WebSocketClient {
 public:
  struct Options {
    std::string path = "/ws/signal";
    std::string subprotocol = "aerie.signal.v1";  ///< none if empty
    std::map<std::string, std::string> headers;   ///< `Origin` for example
  };

  /// Connects to `HOST:PORT` and upgrades; throws with the HTTP status where that is refused.
  WebSocketClient(const std::string& address, const Options& options);
  explicit WebSocketClient(const std::string& address);
  WebSocketClient(WebSocketClient&&) noexcept;
  ~WebSocketClient();

  void send(const Json& message);
  void send_text(const std::string& text);

  /// The next message. Throws at a close, naming its code, and when time is up.
  Json next(std::chrono::milliseconds within = patience);

  /// The next message of a type; others are passed over.
  Json next_of(const std::string& type, std::chrono::milliseconds within = patience);

  /// The code with which the server closes; messages before it are passed over.
  std::uint16_t close_code(std::chrono::milliseconds within = patience);

  /// Closes with 1000.
  void close();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aerie::test
