#pragma once

#include <caf/actor.hpp>
#include <future>
#include <memory>
#include <string>

#include "actors/core/environment.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/gateway/api/gateway.hpp"
#include "runtime/gateway/server.hpp"
#include "runtime/logs/log_files.hpp"

namespace aerie {

/// The gateway's server and what ties it to its actor: the server outlives the actor, which a
/// supervisor may start again; requests that come while there is none are answered with 503.
class GatewayParts final : public GatewayHandler {
 public:
  /// Binds the listen address. Errors: `port-in-use`, `network-failed`.
  [[nodiscard]] static Result<std::unique_ptr<GatewayParts>> bind(
      const Settings& settings, EnvironmentPtr environment, std::shared_ptr<LogFiles> logs,
      std::shared_ptr<DoctorPort> doctor);

  [[nodiscard]] std::string address() const { return server_->bound_address(); }
  [[nodiscard]] std::shared_ptr<Metrics> metrics() const { return world_.metrics; }

  /// Starts the gateway's actor, for the first time or again.
  caf::actor spawn(caf::actor_system& system);

  /// Returns once the actor was started for the first time.
  void wait_until_served() { served_.get_future().wait(); }

  /// Takes no new connections and closes the sockets: the controller restarts.
  void drain() { server_->drain(1012, "the controller restarts"); }
  void stop() { server_->stop(); }

  void on_request(HttpRequest request) override;
  void on_request_gone(std::uint64_t id) override;
  void on_socket_opened(std::uint64_t socket, SocketInfo info) override;
  void on_socket_message(std::uint64_t socket, std::string text) override;
  void on_socket_too_large(std::uint64_t socket, std::size_t bytes) override;
  void on_socket_closed(std::uint64_t socket, std::uint16_t code) override;

 private:
  GatewayParts(const Settings& settings, EnvironmentPtr environment,
               std::shared_ptr<LogFiles> logs);

  EnvironmentPtr environment_;
  GatewayWorld world_;
  std::shared_ptr<GatewayServer> server_;
  std::promise<void> served_;
  bool was_served_ = false;
};

}  // namespace aerie
