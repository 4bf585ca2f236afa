#include "runtime/gateway/response_headers.hpp"

#include <string>

#include "messages/time.hpp"

namespace aerie {

namespace {

constexpr std::string_view methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

std::string page_policy(const OriginCheck& check, std::string_view host) {
  // 'self' names a WebSocket of the same host in some browsers only.
  const std::string here(host);
  return "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws://" +
         here + " wss://" + here +
         "; img-src 'self' data: blob:; media-src 'self' blob:; base-uri 'none'; "
         "form-action 'none'; frame-ancestors " +
         check.frame_ancestors();
}

}  // namespace

Pairs response_headers(const OriginCheck& check, const Caller& caller, bool is_page) {
  Pairs headers{
      {"Date", http_date(std::chrono::floor<std::chrono::seconds>(wall_now()))},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Content-Security-Policy",
       is_page ? page_policy(check, caller.host) : "default-src 'none'; frame-ancestors 'none'"},
      {"Vary", is_page ? "Origin, Accept-Encoding" : "Origin"},
  };
  if (!is_page) headers.emplace_back("Cache-Control", "no-store");
  if (caller.verdict == OriginVerdict::foreign) {
    headers.emplace_back("Access-Control-Allow-Origin", caller.origin);
    headers.emplace_back("Access-Control-Expose-Headers", "Location, ETag, Link, Retry-After");
  }
  return headers;
}

HttpResponse preflight_response(OriginVerdict verdict, std::string_view path) {
  HttpResponse response;
  response.status = 204;
  response.content_type.clear();
  response.headers.emplace_back("Allow", methods);
  if (path.starts_with("/whep/")) response.headers.emplace_back("Accept-Post", "application/sdp");
  if (verdict == OriginVerdict::foreign) {
    response.headers.emplace_back("Access-Control-Allow-Methods", methods);
    response.headers.emplace_back(
        "Access-Control-Allow-Headers",
        "Authorization, Content-Type, Idempotency-Key, If-Match, Last-Event-ID");
    response.headers.emplace_back("Access-Control-Max-Age", "600");
  }
  return response;
}

}  // namespace aerie
