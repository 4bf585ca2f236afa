#pragma once

#include <cstdint>
#include <libwebsockets.h>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/gateway/http_message.hpp"

namespace aerie {

/// The value of a header libwebsockets knows; several of one name are joined by a space.
[[nodiscard]] std::optional<std::string> header_of(lws* wsi, lws_token_indexes token);

/// Method, path, query and headers of the request that `wsi` has just parsed; empty if its method
/// is none that we know.
[[nodiscard]] std::optional<HttpRequest> read_head(lws* wsi);

/// What the headers say about the body that follows (RFC 9112, section 6).
struct BodyFraming {
  std::optional<std::string> length;  ///< Content-Length, as it was written
  bool chunked = false;               ///< any Transfer-Encoding
  bool http_1_1 = true;
  bool closes = false;  ///< the client asks for no other request (RFC 9112, 9.6)
  bool expects_continue = false;
};

[[nodiscard]] BodyFraming read_framing(lws* wsi);

}  // namespace aerie
