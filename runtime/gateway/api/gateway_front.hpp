#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "actors/core/environment.hpp"
#include "actors/ports/socket_port.hpp"
#include "runtime/gateway/server.hpp"

namespace aerie {

/// Between the server's thread and the gateway actor: passes on what arrives, and is the port by
/// which peers reach their sockets. It outlives the actor: a restarted one is found in the
/// directory.
class GatewayFront final : public GatewayHandler, public SocketPort {
 public:
  /// Binds and listens. Until a gateway actor is in the directory, requests get 503. Errors: those
  /// of `GatewayServer::start`.
  [[nodiscard]] static Result<std::shared_ptr<GatewayFront>> open(GatewayOptions options,
                                                                  EnvironmentPtr environment);
  ~GatewayFront() override;

  [[nodiscard]] const std::shared_ptr<GatewayServer>& server() const { return server_; }

  void on_request(HttpRequest request) override;
  void on_request_gone(std::uint64_t id) override;
  void on_socket_opened(std::uint64_t socket, SocketInfo info) override;
  void on_socket_message(std::uint64_t socket, std::string text) override;
  void on_socket_too_large(std::uint64_t socket, std::size_t bytes) override;
  void on_socket_closed(std::uint64_t socket, std::uint16_t code) override;

  void send(std::uint64_t socket, std::string text) override;
  void close(std::uint64_t socket, std::uint16_t code, const std::string& reason) override;
  void admit(std::uint64_t socket) override;

 private:
  explicit GatewayFront(EnvironmentPtr environment) : environment_(std::move(environment)) {}

  template <class Message>
  bool pass_on(Message message);

  EnvironmentPtr environment_;
  std::mutex opening_;  ///< held while `server_` is not known yet and its thread runs already
  std::shared_ptr<GatewayServer> server_;
};

}  // namespace aerie
