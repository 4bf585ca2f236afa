#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/gateway/server.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::testing {

/// What a server told its handler, in order, as text: `request GET /x`, `gone`, `open`,
/// `text hello`, `too-large 70000`, `closed 1000`.
class RecordingHandler : public GatewayHandler {
 public:
  void on_request(HttpRequest request) override;
  void on_request_gone(std::uint64_t id) override;
  void on_socket_opened(std::uint64_t socket, SocketInfo info) override;
  void on_socket_message(std::uint64_t socket, std::string text) override;
  void on_socket_too_large(std::uint64_t socket, std::size_t bytes) override;
  void on_socket_closed(std::uint64_t socket, std::uint16_t code) override;

  struct Event {
    std::string what;
    std::uint64_t id = 0;
    HttpRequest request;
  };

  /// The next event, waited for; one named `timeout` after 20 s.
  Event next();

  /// Called on the server's thread for each request, where set, in place of recording it.
  std::function<void(HttpRequest)> answer;

 private:
  void record(Event event);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Event> events_;
};

/// A server on a free port of loopback.
struct RunningServer {
  explicit RunningServer(GatewayOptions options = {});

  RecordingHandler handler;
  std::unique_ptr<GatewayServer> server;
};

/// Has it answer each request with what arrived: `GET /path|name=value#body`.
void echo(RunningServer& running);

[[nodiscard]] HttpResponse text_response(std::string body);

/// What came back for one request.
struct RawResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;                            ///< without chunk framing
};

/// A client that writes bytes as they are. Reads give up after 20 s.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer = 0);

  void send(std::string_view bytes);
  void send_request(const std::string& method, const std::string& path,
                    const std::string& headers = {}, const std::string& body = {});

  /// The next response; status 0 if the connection ended before its head did.
  RawResponse receive(bool is_head_request = false);

  /// Everything up to and including `end`; shorter at the end of the connection.
  std::string read_until(std::string_view end);

  /// Waits for the end of the connection. False if something came instead, or nothing did.
  bool at_end();

  void close() { fd_.reset(); }

 private:
  bool fill();
  std::string take(std::size_t size);

  bool is_quiet_ = false;  ///< the last read gave up
  UniqueFd fd_;
  std::string buffer_;
  std::string host_;
};

}  // namespace aerie::testing
