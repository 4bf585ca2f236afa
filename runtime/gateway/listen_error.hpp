#pragma once

#include "messages/cause.hpp"
#include "runtime/gateway/server.hpp"

namespace aerie {

/// Why the server could not start, found by trying again what libwebsockets said nothing about: the
/// address, the port (`port-in-use`), the certificate and its key (`network-failed`).
[[nodiscard]] Cause explain_listen_error(const GatewayOptions& options);

}  // namespace aerie
