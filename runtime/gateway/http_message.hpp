#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/cause.hpp"

namespace aerie {

/// Names and values in the order in which they came.
using Pairs = std::vector<std::pair<std::string, std::string>>;

/// The first value under `name`, if there is one. Names are compared byte by byte: a request's
/// header names are lower-case.
[[nodiscard]] std::optional<std::string_view> find_pair(const Pairs& pairs, std::string_view name);

/// One HTTP request whose body is complete, already judged by the server: its Host and Origin are
/// allowed, its body has a length and is within the bounds.
struct HttpRequest {
  std::uint64_t id = 0;  ///< never used twice in a server's life
  std::string method;    ///< GET, HEAD, POST, PUT, PATCH or DELETE
  std::string path;      ///< percent-decoded, without the query
  Pairs query;           ///< percent-decoded, `+` read as a space
  Pairs headers;         ///< names in lower case; only those that the server knows
  std::string body;      ///< at most `GatewayLimits::body_bytes`
};

/// What a request is answered with. The server adds its security headers, Content-Length, CORS
/// headers, and for a HEAD request leaves the body away.
struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  Pairs headers;
  std::string body;
  bool is_secret = false;  ///< the body is wiped from memory once it is written
};

/// How a response's body is delimited (RFC 9112, section 6), and what comes after it.
struct ResponseFraming {
  std::optional<std::size_t> length;  ///< of the body, where it is known
  bool chunked = false;
  bool keep_alive = false;  ///< the connection waits for another request; else it ends
};

[[nodiscard]] std::string_view reason_phrase(int status);

/// ASCII only.
[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// True if `token` is in a comma-separated list, whatever the case (RFC 9110, 5.6.1).
[[nodiscard]] bool has_token(std::string_view list, std::string_view token);

/// The contract's error body (section 3): `{"success":false,"error":{code, message, field?}}`.
[[nodiscard]] HttpResponse error_response(int status, std::string_view code,
                                          std::string_view message, std::string_view field = {});

/// RFC 9110, 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
[[nodiscard]] std::string http_date(std::chrono::sys_seconds at);

/// Status line and headers, `Connection` among them, with the empty line that ends them.
/// Headers of `added` step back behind the response's own of the same name; control characters in
/// values become spaces.
[[nodiscard]] std::string serialize_head(const HttpResponse& response,
                                         const ResponseFraming& framing, const Pairs& added);

/// One chunk of `Transfer-Encoding: chunked`; of no data, the one that ends the body.
[[nodiscard]] std::string chunk_of(std::string_view data);

/// The value of a Content-Length: decimal digits only, below 10^18.
[[nodiscard]] std::optional<std::uint64_t> content_length(std::string_view value);

}  // namespace aerie
