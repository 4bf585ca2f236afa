#include "runtime/gateway/server.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <libwebsockets.h>
#include <sodium.h>
#include <spdlog/spdlog.h>
#include <thread>
#include <utility>

#include "runtime/gateway/http_connection.hpp"
#include "runtime/gateway/listen_error.hpp"
#include "runtime/gateway/outbox.hpp"
#include "runtime/gateway/server_core.hpp"
#include "runtime/gateway/socket_connection.hpp"
#include "runtime/gateway/upgrade_check.hpp"

namespace aerie {

namespace {

struct ContextDeleter {
  void operator()(lws_context* context) const { lws_context_destroy(context); }
};

/// How long a server that stops waits for its last words to be taken.
struct StopTimer {
  static void on_due(lws_sorted_usec_list_t* timer) {
    reinterpret_cast<StopTimer*>(timer)->is_due = true;
  }

  lws_sorted_usec_list_t timer{};  ///< first: `on_due` is given its address
  bool is_due = false;
};

/// At most one of the two is there.
struct Connection {
  std::unique_ptr<HttpConnection> http;
  std::unique_ptr<SocketConnection> socket;
};

class Server final : public GatewayServer {
 public:
  Server(GatewayOptions options, GatewayHandler& handler)
      : options_(std::move(options)), core_(options_, handler) {}
  ~Server() override { stop(); }

  Result<void> open();

  // -- from any thread -------------------------------------------------------

  void serve() override;
  std::string bound_address() const override;
  std::uint16_t bound_port() const override { return port_; }
  void respond(std::uint64_t id, HttpResponse response) override;
  void begin_stream(std::uint64_t id, HttpResponse head) override;
  void write_stream(std::uint64_t id, std::string chunk) override;
  void end_stream(std::uint64_t id) override;
  void authenticated(std::uint64_t socket) override;
  void send(std::uint64_t socket, std::string text) override;
  void close(std::uint64_t socket, std::uint16_t code, std::string_view reason) override;
  void drain(std::uint16_t code, std::string_view reason) override;
  void stop() override;

  // -- on the server's thread ------------------------------------------------

  static int callback(lws* wsi, lws_callback_reasons reason, void* user, void* in,
                      std::size_t size);

 private:
  int on_event(lws* wsi, lws_callback_reasons reason, std::string_view in);
  int on_http_event(lws* wsi, lws_callback_reasons reason, std::string_view in);
  int on_socket_event(lws* wsi, lws_callback_reasons reason, std::string_view in);
  int confirm_upgrade(lws* wsi, std::string_view protocol);
  int open_socket(lws* wsi);
  int on_watched();
  void run();
  [[nodiscard]] bool is_done() const;
  void begin_stop();
  void on_request(std::uint64_t id, std::function<void(HttpConnection&)> act);
  void on_socket(std::uint64_t id, std::function<void(SocketConnection&)> act);
  void post(std::function<void()> task);

  GatewayOptions options_;
  ServerCore core_;
  std::uint16_t port_ = 0;
  std::unordered_map<lws*, Connection> connections_;
  Outbox outbox_;
  bool stopping_ = false;  ///< on the server's thread, like the timer
  StopTimer stop_timer_;
  std::unique_ptr<lws_context, ContextDeleter> context_;
  std::thread thread_;
};

/// The first serves HTTP; no client can name it as a subprotocol, for a token holds no space.
const std::array<lws_protocols, 3> protocols{{
    {"aerie http", &Server::callback, 0, 16 * 1024, 0, nullptr, 0},
    {signal_protocol, &Server::callback, 0, 16 * 1024, 0, nullptr, 0},
    {nullptr, nullptr, 0, 0, 0, nullptr, 0},
}};

Result<void> Server::open() {
  lws_set_log_level(LLL_ERR, [](int, const char* line) {
    spdlog::debug("libwebsockets: {}", trimmed(std::string_view(line, std::strcspn(line, "\n"))));
  });
  const bool v6 = options_.host.find(':') != std::string::npos;
  lws_context_creation_info info{};
  info.iface = options_.host.c_str();
  info.port = options_.port;
  info.protocols = protocols.data();
  info.user = this;
  info.gid = static_cast<decltype(info.gid)>(-1);
  info.uid = static_cast<decltype(info.uid)>(-1);
  info.options = LWS_SERVER_OPTION_VALIDATE_UTF8;
  if (!v6) info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
  // For headers; bodies have a timer of ours, which answers before libwebsockets' own hangs up.
  info.timeout_secs_ah_idle = static_cast<unsigned int>(options_.limits.request_within.count());
  info.timeout_secs = info.timeout_secs_ah_idle + 2;
  info.keepalive_timeout = static_cast<int>(options_.limits.idle_within.count());
  info.max_http_header_data = 8 * 1024;
  info.pt_serv_buf_size = 64 * 1024;
  info.alpn = "http/1.1";
  if (!options_.tls_certificate.empty()) {
    info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.ssl_cert_filepath = options_.tls_certificate.c_str();
    info.ssl_private_key_filepath = options_.tls_key.c_str();
  }
  // The vhost exists once protocols are initialised; its port is known after it listens.
  context_.reset(lws_create_context(&info));
  auto* const vhost = context_ ? lws_get_vhost_by_name(context_.get(), "default") : nullptr;
  const int port = vhost != nullptr ? lws_get_vhost_listen_port(vhost) : 0;
  if (port <= 0) return tl::unexpected(explain_listen_error(options_));
  port_ = static_cast<std::uint16_t>(port);
  core_.check.set_port(port_);
  if (core_.watch.fd() >= 0) {
    // libwebsockets closes the descriptor it is given.
    lws_sock_file_fd_type watch{};
    watch.filefd = ::fcntl(core_.watch.fd(), F_DUPFD_CLOEXEC, 0);
    lws_adopt_descriptor_vhost(vhost, LWS_ADOPT_RAW_FILE_DESC, watch, protocols[0].name, nullptr);
  }
  return {};
}

void Server::serve() {
  thread_ = std::thread([this] { run(); });
}

void Server::run() {
  while (!is_done()) {
    if (lws_service(context_.get(), 0) < 0) break;
  }
  outbox_.shut();
  context_.reset();
  connections_.clear();
}

bool Server::is_done() const {
  if (!stopping_) return false;
  if (stop_timer_.is_due) return true;
  const auto has_output = [](const auto& one) { return one.second->has_output(); };
  const auto& connections = core_.http_connections;
  return core_.sockets.empty() && std::none_of(connections.begin(), connections.end(), has_output);
}

void Server::begin_stop() {
  stopping_ = true;
  for (const auto& [id, socket] : core_.sockets)
    socket->close(1001, "stopping");
  lws_sul_schedule(context_.get(), 0, &stop_timer_.timer, &StopTimer::on_due, LWS_US_PER_SEC);
}

// -- events of libwebsockets -------------------------------------------------

int Server::callback(lws* wsi, lws_callback_reasons reason, void* /*user*/, void* in,
                     std::size_t size) {
  auto* const context = wsi != nullptr ? lws_get_context(wsi) : nullptr;
  auto* const server =
      context != nullptr ? static_cast<Server*>(lws_context_user(context)) : nullptr;
  if (server == nullptr) return 0;
  const auto* const bytes = static_cast<const char*>(in);
  return server->on_event(wsi, reason,
                          bytes == nullptr ? std::string_view{} : std::string_view{bytes, size});
}

int Server::on_event(lws* wsi, lws_callback_reasons reason, std::string_view in) {
  switch (reason) {
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
      outbox_.run();
      return 0;
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
      return connections_.size() >= core_.limits.connections ? -1 : 0;
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
      connections_[wsi].http = std::make_unique<HttpConnection>(core_, wsi);
      return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
      // `in` is a string here, its size is not given.
      return confirm_upgrade(wsi, in.data());
    case LWS_CALLBACK_ESTABLISHED:
      return open_socket(wsi);
    case LWS_CALLBACK_RAW_RX_FILE:
      return on_watched();
    case LWS_CALLBACK_RAW_ADOPT:
    case LWS_CALLBACK_RAW_RX:
      // A CONNECT request ends here.
      return -1;
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_WSI_DESTROY:
      connections_.erase(wsi);
      return 0;
    default:
      break;
  }
  const auto found = connections_.find(wsi);
  if (found == connections_.end()) return 0;
  return found->second.socket ? on_socket_event(wsi, reason, in) : on_http_event(wsi, reason, in);
}

int Server::on_http_event(lws* wsi, lws_callback_reasons reason, std::string_view in) {
  auto& http = *connections_.at(wsi).http;
  switch (reason) {
    case LWS_CALLBACK_HTTP:
      return http.on_head();
    case LWS_CALLBACK_HTTP_BODY:
      return http.on_body(in);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
      return http.on_body_complete();
    case LWS_CALLBACK_HTTP_WRITEABLE:
      return http.on_writeable();
    case LWS_CALLBACK_TIMER:
      return http.on_timer();
    default:
      return 0;
  }
}

int Server::on_socket_event(lws* wsi, lws_callback_reasons reason, std::string_view in) {
  auto& socket = *connections_.at(wsi).socket;
  switch (reason) {
    case LWS_CALLBACK_RECEIVE:
      return socket.on_fragment(
          in, lws_is_final_fragment(wsi) != 0 && lws_remaining_packet_payload(wsi) == 0);
    case LWS_CALLBACK_RECEIVE_PONG:
      socket.on_pong();
      return 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: {
      const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(in[i]); };
      socket.on_peer_close(in.size() < 2 ? 1005
                                         : static_cast<std::uint16_t>(byte(0) << 8U | byte(1)));
      return 0;
    }
    case LWS_CALLBACK_SERVER_WRITEABLE:
      return socket.on_writeable();
    case LWS_CALLBACK_TIMER:
      return socket.on_timer();
    default:
      return 0;
  }
}

int Server::confirm_upgrade(lws* wsi, std::string_view protocol) {
  // An upgrade to HTTP/2 in clear text would be answered with 101 before any check of ours.
  const auto found = connections_.find(wsi);
  if (found == connections_.end() || !found->second.http) return -1;
  auto refusal = refuse_upgrade(wsi, protocol, core_.check);
  if (!refusal && core_.draining) {
    refusal = error_response(503, "draining", "The controller takes no new sockets.");
  }
  if (!refusal && core_.sockets.size() >= core_.limits.sockets) {
    refusal = error_response(503, "quota", "All sockets are in use.");
  }
  if (!refusal && core_.unauthenticated >= core_.limits.unauthenticated) {
    refusal = error_response(503, "quota", "Too many sockets have not said hello yet.");
  }
  if (!refusal) return 0;
  found->second.http->refuse(*refusal);
  return -1;
}

int Server::open_socket(lws* wsi) {
  auto& connection = connections_[wsi];
  std::array<char, 64> peer{};
  lws_get_peer_simple(wsi, peer.data(), peer.size());
  SocketInfo info{peer.data(), header_of(wsi, WSI_TOKEN_ORIGIN).value_or("")};
  connection.http.reset();
  connection.socket = std::make_unique<SocketConnection>(core_, wsi, std::move(info));
  return 0;
}

int Server::on_watched() {
  for (const auto& event : core_.watch.take()) {
    const auto found = core_.http_connections.find(event.id);
    if (found != core_.http_connections.end()) found->second->on_watched(event);
  }
  return 0;
}

// -- from any thread ---------------------------------------------------------

void Server::post(std::function<void()> task) {
  outbox_.push(std::move(task), [this] { lws_cancel_service(context_.get()); });
}

void Server::on_request(std::uint64_t id, std::function<void(HttpConnection&)> act) {
  post([this, id, act = std::move(act)] {
    const auto found = core_.requests.find(id);
    if (found != core_.requests.end()) act(*found->second);
  });
}

void Server::on_socket(std::uint64_t id, std::function<void(SocketConnection&)> act) {
  post([this, id, act = std::move(act)] {
    const auto found = core_.sockets.find(id);
    if (found != core_.sockets.end()) act(*found->second);
  });
}

std::string Server::bound_address() const {
  const bool v6 = options_.host.find(':') != std::string::npos;
  return (v6 ? "[" + options_.host + "]" : options_.host) + ":" + std::to_string(port_);
}

void Server::respond(std::uint64_t id, HttpResponse response) {
  on_request(id, [response = std::move(response)](auto& http) mutable {
    http.respond(std::move(response));
  });
}

void Server::begin_stream(std::uint64_t id, HttpResponse head) {
  on_request(id,
             [head = std::move(head)](auto& http) mutable { http.begin_stream(std::move(head)); });
}

void Server::write_stream(std::uint64_t id, std::string chunk) {
  on_request(
      id, [chunk = std::move(chunk)](auto& http) mutable { http.write_stream(std::move(chunk)); });
}

void Server::end_stream(std::uint64_t id) {
  on_request(id, [](auto& http) { http.end_stream(); });
}

void Server::authenticated(std::uint64_t socket) {
  on_socket(socket, [](auto& one) { one.authenticated(); });
}

void Server::send(std::uint64_t socket, std::string text) {
  on_socket(socket, [text = std::move(text)](auto& one) mutable { one.send(std::move(text)); });
}

void Server::close(std::uint64_t socket, std::uint16_t code, std::string_view reason) {
  on_socket(socket, [code, text = std::string(reason)](auto& one) { one.close(code, text); });
}

void Server::drain(std::uint16_t code, std::string_view reason) {
  post([this, code, text = std::string(reason)] {
    core_.draining = true;
    for (const auto& [id, socket] : core_.sockets)
      socket->close(code, text);
  });
}

void Server::stop() {
  if (!thread_.joinable()) return;
  post([this] { begin_stop(); });
  thread_.join();
}

}  // namespace

Result<std::unique_ptr<GatewayServer>> GatewayServer::bind(GatewayOptions options,
                                                           GatewayHandler& handler) {
  if (sodium_init() < 0) {
    return tl::unexpected(Cause{CauseKind::network_failed,
                                "libsodium can't be initialised.",
                                "Check that /dev/urandom can be read.",
                                {}});
  }
  auto server = std::make_unique<Server>(std::move(options), handler);
  if (auto opened = server->open(); !opened) return tl::unexpected(opened.error());
  return server;
}

}  // namespace aerie
