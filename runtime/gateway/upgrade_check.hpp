#pragma once

#include <libwebsockets.h>
#include <optional>
#include <string_view>

#include "runtime/gateway/http_message.hpp"
#include "runtime/gateway/origin_check.hpp"

namespace aerie {

inline constexpr const char* signal_path = "/ws/signal";
inline constexpr const char* signal_protocol = "aerie.signal.v1";

/// Judges a request with `Upgrade: PROTOCOL` by the protocol (only `websocket`: an upgrade to
/// HTTP/2 in clear text, `h2c`, would go through without any check), and by its method, path, Host,
/// Origin, key, version and subprotocol (RFC 6455, 4.2.1; contract, section 4): empty where the
/// handshake may go on.
[[nodiscard]] std::optional<HttpResponse> refuse_upgrade(lws* wsi, std::string_view protocol,
                                                         const OriginCheck& check);

}  // namespace aerie
