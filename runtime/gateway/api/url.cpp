#include <algorithm>
#include <cctype>
#include <string>

#include "runtime/gateway/api/fields.hpp"

namespace aerie {

namespace {

bool is_around(char c) {
  return static_cast<unsigned char>(c) <= ' ';
}

/// WHATWG URL, 3.5: what no host may hold, but for the colon before a port.
bool is_forbidden_in_host(char c) {
  constexpr std::string_view forbidden = " #/<>?@[\\]^|";
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f ||
         forbidden.find(c) != std::string_view::npos;
}

bool is_port(std::string_view text) {
  if (text.size() > 5) return false;
  unsigned port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  return port <= 65535;
}

std::string refuse_authority(std::string_view authority) {
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    authority.remove_prefix(at + 1);
  }
  std::string_view host = authority;
  std::string_view port;
  const auto colon = authority.rfind(':');
  const auto bracket = authority.rfind(']');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
  }
  if (host.empty()) return "has no host";
  if (!is_port(port)) return "has a port that is none";
  if (host.starts_with('[')) {
    const auto is_v6 = [](char c) {
      return std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.';
    };
    const bool fine = host.ends_with(']') && host.size() > 2 &&
                      std::all_of(host.begin() + 1, host.end() - 1, is_v6);
    return fine ? "" : "has a host that is no IPv6 address";
  }
  const bool forbidden = host.find(':') != std::string_view::npos ||
                         std::any_of(host.begin(), host.end(), is_forbidden_in_host);
  return forbidden ? "has a host with a character that no host may have" : "";
}

}  // namespace

std::string trimmed_url(std::string_view url) {
  while (!url.empty() && is_around(url.front()))
    url.remove_prefix(1);
  while (!url.empty() && is_around(url.back()))
    url.remove_suffix(1);
  std::string trimmed(url);
  std::erase_if(trimmed, [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
  return trimmed;
}

std::string refuse_url(std::string_view url) {
  if (url.find('\0') != std::string_view::npos) return "must not hold a zero byte";
  const auto colon = url.find(':');
  const auto scheme = to_lower(url.substr(0, colon));
  const bool known = scheme == "http" || scheme == "https" || scheme == "about" || scheme == "data";
  if (colon == std::string_view::npos || !known) {
    return "must be an http, https, about or data address";
  }
  if (scheme == "about" || scheme == "data") return "";
  auto rest = url.substr(colon + 1);
  // Browsers take any number of slashes of either kind here.
  rest.remove_prefix(std::min(rest.find_first_not_of("/\\"), rest.size()));
  return refuse_authority(rest.substr(0, rest.find_first_of("/\\?#")));
}

}  // namespace aerie
