#include "runtime/controller/gateway_parts.hpp"

#include <charconv>

namespace aerie {
namespace {

/// The sockets as the peers see them.
class ServerSockets final : public SocketPort {
 public:
  explicit ServerSockets(std::shared_ptr<GatewayServer> server) : server_(std::move(server)) {}
  void send(std::uint64_t socket, std::string text) override {
    server_->send(socket, std::move(text));
  }
  void close(std::uint64_t socket, std::uint16_t code, const std::string& reason) override {
    server_->close(socket, code, reason);
  }
  void admit(std::uint64_t socket) override { server_->authenticated(socket); }

 private:
  std::shared_ptr<GatewayServer> server_;
};

GatewayOptions options_of(const Settings& settings) {
  GatewayOptions options;
  // The configuration checked that there is a port after the last colon.
  const auto colon = settings.listen.rfind(':');
  options.host = settings.listen.substr(0, colon);
  if (options.host.starts_with('[')) options.host = options.host.substr(1, options.host.size() - 2);
  const auto* end = settings.listen.data() + settings.listen.size();
  std::from_chars(settings.listen.data() + colon + 1, end, options.port);
  options.hosts = settings.http.hosts;
  options.origins = settings.http.origins;
  options.public_url = settings.http.public_url;
  options.tls_certificate = settings.http.tls_cert;
  options.tls_key = settings.http.tls_key;
  options.limits.sockets = static_cast<std::size_t>(settings.limits.sockets);
  options.limits.unauthenticated = static_cast<std::size_t>(settings.limits.unauthenticated);
  return options;
}

}  // namespace

GatewayParts::GatewayParts(const Settings& settings, EnvironmentPtr environment,
                           std::shared_ptr<LogFiles> logs)
    : environment_(std::move(environment)) {
  world_.logs = std::make_shared<LogFilesReader>(std::move(logs));
  world_.defaults.profile = settings.profile;
  world_.defaults.driver = settings.driver;
  world_.defaults.idle = settings.session.idle;
  world_.defaults.max = settings.session.max;
  world_.defaults.find_profile = [known = environment_](const std::string& name) -> const Profile* {
    const auto found = known->profiles.find(name);
    return found == known->profiles.end() ? nullptr : &*found->second;
  };
  world_.defaults.is_driver = [known = environment_](const std::string& name) {
    return known->drivers.contains(name);
  };
  world_.defaults.is_provider = [known = environment_](const std::string& name) {
    return known->providers.contains(name);
  };
  world_.public_url = settings.http.public_url;
  world_.has_tls = !settings.http.tls_cert.empty();
}

Result<std::unique_ptr<GatewayParts>> GatewayParts::bind(const Settings& settings,
                                                         EnvironmentPtr environment,
                                                         std::shared_ptr<LogFiles> logs,
                                                         std::shared_ptr<DoctorPort> doctor) {
  std::unique_ptr<GatewayParts> parts{
      new GatewayParts(settings, std::move(environment), std::move(logs))};
  auto server = GatewayServer::bind(options_of(settings), *parts);
  if (!server) return tl::unexpected(server.error());
  parts->server_ = std::move(*server);
  parts->world_.server = parts->server_;
  parts->world_.doctor = std::move(doctor);
  parts->world_.sockets = std::make_shared<ServerSockets>(parts->server_);
  return parts;
}

caf::actor GatewayParts::spawn(caf::actor_system& system) {
  const GatewayActor gateway = system.spawn<Gateway>(environment_, world_);
  environment_->directory.put(gateway);
  if (!was_served_) {
    server_->serve();
    served_.set_value();
  }
  was_served_ = true;
  return caf::actor_cast<caf::actor>(gateway);
}

// -- from the server's thread ---------------------------------------------------------------------

void GatewayParts::on_request(HttpRequest request) {
  const auto gateway = environment_->directory.gateway();
  if (gateway) return post(gateway, HttpArrived{std::make_shared<HttpRequest>(std::move(request))});
  server_->respond(request.id, error_response(503, "starting", "The controller is starting."));
}

void GatewayParts::on_request_gone(std::uint64_t id) {
  if (const auto gateway = environment_->directory.gateway()) post(gateway, HttpGone{id});
}

void GatewayParts::on_socket_opened(std::uint64_t socket, SocketInfo info) {
  if (const auto gateway = environment_->directory.gateway())
    return post(gateway, SocketOpened{socket, std::move(info.peer)});
  server_->close(socket, 1013, "the gateway restarts");
}

void GatewayParts::on_socket_message(std::uint64_t socket, std::string text) {
  if (const auto gateway = environment_->directory.gateway())
    post(gateway, SocketTextArrived{socket, std::move(text)});
}

void GatewayParts::on_socket_too_large(std::uint64_t socket, std::size_t) {
  if (const auto gateway = environment_->directory.gateway())
    post(gateway, SocketTooLargeArrived{socket});
}

void GatewayParts::on_socket_closed(std::uint64_t socket, std::uint16_t code) {
  if (const auto gateway = environment_->directory.gateway())
    post(gateway, SocketGone{socket, code});
}

}  // namespace aerie
