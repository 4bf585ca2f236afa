#include "runtime/gateway/api/gateway_front.hpp"

#include <utility>

#include "actors/core/actor.hpp"

namespace aerie {

Result<std::shared_ptr<GatewayFront>> GatewayFront::open(GatewayOptions options,
                                                         EnvironmentPtr environment) {
  std::shared_ptr<GatewayFront> front(new GatewayFront(std::move(environment)));
  const std::lock_guard lock(front->opening_);
  auto server = GatewayServer::start(std::move(options), *front);
  if (!server) return tl::unexpected(server.error());
  front->server_ = *std::move(server);
  return front;
}

GatewayFront::~GatewayFront() {
  if (server_) server_->stop();
}

template <class Message>
bool GatewayFront::pass_on(Message message) {
  const auto gateway = environment_->directory.gateway();
  if (!gateway) return false;
  post(gateway, std::move(message));
  return true;
}

void GatewayFront::on_request(HttpRequest request) {
  const auto id = request.id;
  if (pass_on(HttpArrived{std::make_shared<HttpRequest>(std::move(request))})) return;
  const std::lock_guard lock(opening_);
  if (server_) {
    server_->respond(id, error_response(503, "starting", "The controller is not ready yet."));
  }
}

void GatewayFront::on_request_gone(std::uint64_t id) {
  pass_on(HttpGone{id});
}

void GatewayFront::on_socket_opened(std::uint64_t socket, SocketInfo info) {
  if (pass_on(SocketOpened{socket, std::move(info.peer)})) return;
  const std::lock_guard lock(opening_);
  if (server_) server_->close(socket, 1013, "starting");
}

void GatewayFront::on_socket_message(std::uint64_t socket, std::string text) {
  pass_on(SocketTextArrived{socket, std::move(text)});
}

void GatewayFront::on_socket_too_large(std::uint64_t socket, std::size_t /*bytes*/) {
  pass_on(SocketTooLargeArrived{socket});
}

void GatewayFront::on_socket_closed(std::uint64_t socket, std::uint16_t code) {
  pass_on(SocketGone{socket, code});
}

void GatewayFront::send(std::uint64_t socket, std::string text) {
  server_->send(socket, std::move(text));
}

void GatewayFront::close(std::uint64_t socket, std::uint16_t code, const std::string& reason) {
  server_->close(socket, code, reason);
}

void GatewayFront::admit(std::uint64_t socket) {
  server_->authenticated(socket);
}

}  // namespace aerie
