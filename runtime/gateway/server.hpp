#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "messages/cause.hpp"
#include "runtime/gateway/http_message.hpp"

namespace aerie {

/// What the gateway's clients may use up. The defaults are the contract's (section 3).
struct GatewayLimits {
  std::size_t connections = 4096;  ///< of any kind; more are not accepted
  std::size_t sockets = 2000;
  std::size_t unauthenticated = 100;                 ///< sockets that have not been admitted yet
  std::chrono::seconds hello_within{5};              ///< then an unadmitted socket gets 1008
  std::chrono::seconds request_within{10};           ///< for a request's headers, and its body
  std::chrono::seconds idle_within{30};              ///< then a connection without request goes
  std::chrono::seconds ping_every{10};               ///< to each WebSocket
  std::chrono::seconds silent_after{25};             ///< then a WebSocket is dropped
  std::size_t body_bytes = 64 * 1024;                ///< of a request; more is answered with 413
  std::size_t message_bytes = 64 * 1024;             ///< of a socket; more is `on_socket_too_large`
  std::size_t message_bytes_fatal = 1024 * 1024;     ///< of a socket; more closes it with 1009
  std::size_t socket_queue_bytes = 256 * 1024;       ///< to a socket; more closes it with 1013
  std::size_t stream_queue_chunks = 1000;            ///< to a streamed response; more cuts it off
  std::size_t stream_queue_bytes = 4 * 1024 * 1024;  ///< likewise
};

struct GatewayOptions {
  std::string host = "127.0.0.1";    ///< a numeric address (IPv4, or IPv6 without brackets)
  std::uint16_t port = 4000;         ///< 0: any free one
  std::vector<std::string> hosts;    ///< `http.hosts`: names without a port
  std::vector<std::string> origins;  ///< `http.origins`: `https://example.org[:port]`
  std::string public_url;            ///< `http.publicUrl`; its host and origin are allowed too
  std::string tls_certificate;       ///< path of a PEM file; empty: plain HTTP
  std::string tls_key;               ///< path of a PEM file
  GatewayLimits limits;
};

/// What is known about a WebSocket when it opens.
struct SocketInfo {
  std::string peer;    ///< numeric address of the client
  std::string origin;  ///< empty where there was none
};

/// Whom the server tells. Every function is called on the server's thread: it must only post, and
/// must not throw. It may call the server.
class GatewayHandler {
 public:
  virtual ~GatewayHandler() = default;

  /// Called for every request that is neither a page nor refused by the server itself. Exactly one
  /// of `respond` and `begin_stream` should follow, from any thread.
  virtual void on_request(HttpRequest request) = 0;

  /// Called when a request's connection ended before its answer did; `id` is dead from here on.
  /// Also called after a stream was cut off, never after a complete answer.
  virtual void on_request_gone(std::uint64_t id) = 0;

  /// Called when a WebSocket on `/ws/signal` is open. Ids are never used twice.
  virtual void on_socket_opened(std::uint64_t socket, SocketInfo info) = 0;

  /// Called for each complete text message of at most `message_bytes`.
  virtual void on_socket_message(std::uint64_t socket, std::string text) = 0;

  /// Called instead of `on_socket_message`, once, for a message that is larger.
  virtual void on_socket_too_large(std::uint64_t socket, std::size_t bytes) = 0;

  /// Called once for each socket that was opened, after it is closed. `code` is the peer's close
  /// code (RFC 6455, 7.4), or ours where we closed it; 1006 where there was none.
  virtual void on_socket_closed(std::uint64_t socket, std::uint16_t code) = 0;
};

/// The HTTP and WebSocket server: one thread of libwebsockets. It decides what needs no knowledge
/// of sessions (Host and Origin, lengths, deadlines, pages, pings, back pressure); everything else
/// goes to its handler. All functions may be called from any thread; ids that are dead are ignored.
class GatewayServer {
 public:
  /// Binds and listens; who connects waits for `serve`. Errors: `port-in-use`, `network-failed`.
  [[nodiscard]] static Result<std::unique_ptr<GatewayServer>> bind(GatewayOptions options,
                                                                   GatewayHandler& handler);
  virtual ~GatewayServer() = default;

  /// Starts the thread, once. The handler is called from here on.
  virtual void serve() = 0;

  /// Where it listens, `127.0.0.1:4000` or `[::1]:4000`, with the port that was bound.
  [[nodiscard]] virtual std::string bound_address() const = 0;
  [[nodiscard]] virtual std::uint16_t bound_port() const = 0;

  /// Answers a request completely.
  virtual void respond(std::uint64_t id, HttpResponse response) = 0;

  /// Answers with a body without end (server-sent events, followed logs); `head.body` is its first
  /// chunk. A reader whose queue outgrows the limits is cut off and reported as gone.
  virtual void begin_stream(std::uint64_t id, HttpResponse head) = 0;
  virtual void write_stream(std::uint64_t id, std::string chunk) = 0;
  virtual void end_stream(std::uint64_t id) = 0;

  /// Tells that the socket's hello was accepted: it no longer counts as unauthenticated.
  virtual void authenticated(std::uint64_t socket) = 0;

  /// Sends a text message. A socket whose queue outgrows `socket_queue_bytes` is closed with 1013.
  virtual void send(std::uint64_t socket, std::string text) = 0;

  /// Closes after everything sent before it; `reason` is cut to 123 bytes (RFC 6455, 5.5).
  virtual void close(std::uint64_t socket, std::uint16_t code, std::string_view reason) = 0;

  /// Takes no new connections and closes all sockets with `code`, 1012 for a restart.
  virtual void drain(std::uint16_t code, std::string_view reason) = 0;

  /// Closes sockets that are still open with 1001, waits up to a second until that and all answers
  /// are written, and ends the thread. The handler is not called after it returns.
  virtual void stop() = 0;
};

}  // namespace aerie
