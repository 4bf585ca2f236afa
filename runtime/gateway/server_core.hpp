#pragma once

#include <cstdint>
#include <libwebsockets.h>
#include <string>
#include <string_view>
#include <unordered_map>

#include "runtime/gateway/connection_watch.hpp"
#include "runtime/gateway/origin_check.hpp"
#include "runtime/gateway/pages.hpp"
#include "runtime/gateway/server.hpp"

namespace aerie {

class HttpConnection;
class SocketConnection;

/// What all connections of a server share. Lives on the server's thread.
struct ServerCore {
  ServerCore(const GatewayOptions& gateway_options, GatewayHandler& gateway_handler);

  /// Writes as much of `data` from `offset` on as is sensible in one go, at most 32 KiB. Returns
  /// how much was taken, whole bytes of it kept by libwebsockets where the kernel took less;
  /// negative if the connection is dead.
  int write_piece(lws* wsi, std::string_view data, lws_write_protocol kind);

  /// What was written last was a secret: nothing of it is left here.
  void wipe_scratch();

  /// Writes one WebSocket frame with `text`. False if the connection is dead.
  bool write_frame(lws* wsi, std::string_view text, lws_write_protocol kind);

  GatewayLimits limits;
  OriginCheck check;
  Pages pages;
  GatewayHandler& handler;
  ConnectionWatch watch;
  bool draining = false;

  std::uint64_t last_id = 0;  ///< of connections, requests and sockets; counts up only
  std::size_t unauthenticated = 0;
  std::unordered_map<std::uint64_t, HttpConnection*> http_connections;
  std::unordered_map<std::uint64_t, HttpConnection*> requests;
  std::unordered_map<std::uint64_t, SocketConnection*> sockets;

 private:
  std::string scratch_;  ///< LWS_PRE bytes, then what is written
};

/// Asks libwebsockets to end a connection that is not being served right now.
void kill_connection(lws* wsi);

/// Sets the connection's one timer, in place of what it was set to. It can't be cancelled:
/// libwebsockets 4.1 fires a cancelled timer at once.
void set_timer(lws* wsi, std::chrono::milliseconds after);

}  // namespace aerie
