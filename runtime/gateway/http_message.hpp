#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
  std::string method;    ///< GET, HEAD, POST, PUT or DELETE
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
};

}  // namespace aerie
