#pragma once

#include <string_view>

#include "runtime/gateway/http_message.hpp"
#include "runtime/gateway/origin_check.hpp"

namespace aerie {

/// Who asked, as far as a response's headers depend on it.
struct Caller {
  OriginVerdict verdict = OriginVerdict::none;
  std::string_view origin;  ///< the Origin header
  std::string_view host;    ///< the Host header; only looked at where it was not refused
};

/// Headers that every response carries: no sniffing, no referrer, a Content-Security-Policy without
/// inline script, and for a foreign origin that may call, CORS.
[[nodiscard]] Pairs response_headers(const OriginCheck& check, const Caller& caller, bool is_page);

/// What answers a CORS preflight, or any other OPTIONS of `path`.
[[nodiscard]] HttpResponse preflight_response(OriginVerdict verdict, std::string_view path);

}  // namespace aerie
