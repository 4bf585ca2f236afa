#include "runtime/gateway/upgrade_check.hpp"

#include <algorithm>

#include "runtime/gateway/request_head.hpp"

namespace aerie {

namespace {

/// 16 bytes in base64 (RFC 6455, 4.1).
bool is_websocket_key(std::string_view key) {
  const auto is_base64 = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
  };
  return key.size() == 24 && key.ends_with("==") &&
         std::all_of(key.begin(), key.end() - 2, is_base64);
}

}  // namespace

std::optional<HttpResponse> refuse_upgrade(lws* wsi, std::string_view protocol,
                                           const OriginCheck& check) {
  if (to_lower(protocol) != "websocket") {
    return error_response(400, "bad-request", "Only an upgrade to websocket is known.", "Upgrade");
  }
  const auto head = read_head(wsi);
  if (!head) return error_response(400, "bad-request", "The request has no method known here.");
  const auto host = find_pair(head->headers, "host");
  switch (check.judge(host, find_pair(head->headers, "origin"))) {
    case OriginVerdict::refused_host:
      return error_response(403, "forbidden", "This Host is not served here.", "Host");
    case OriginVerdict::refused_origin:
      return error_response(403, "forbidden", "This Origin may not open sockets here.", "Origin");
    default:
      break;
  }
  if (head->path != signal_path) {
    return error_response(404, "not-found", "WebSockets are served at /ws/signal only.");
  }
  if (head->method != "GET") {
    return error_response(405, "method-not-allowed", "A WebSocket is opened with GET.");
  }
  if (header_of(wsi, WSI_TOKEN_VERSION).value_or("") != "13") {
    auto response = error_response(426, "upgrade-required", "Only WebSocket version 13 is spoken.",
                                   "Sec-WebSocket-Version");
    response.headers.emplace_back("Sec-WebSocket-Version", "13");
    return response;
  }
  if (!is_websocket_key(header_of(wsi, WSI_TOKEN_KEY).value_or(""))) {
    return error_response(400, "bad-request", "Sec-WebSocket-Key is not 16 bytes in base64.",
                          "Sec-WebSocket-Key");
  }
  const auto protocols = header_of(wsi, WSI_TOKEN_PROTOCOL).value_or("");
  // libwebsockets reads at most 127 bytes of the list.
  if (protocols.size() > 120 || !has_token(protocols, signal_protocol)) {
    return error_response(400, "bad-request", "The subprotocol must be aerie.signal.v1.",
                          "Sec-WebSocket-Protocol");
  }
  return std::nullopt;
}

}  // namespace aerie
