#include "runtime/gateway/origin_check.hpp"

#include <algorithm>
#include <charconv>

namespace aerie {

namespace {

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_address_character(char c) {
  return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == '.' || c == ':';
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

std::optional<Origin> parse_prefix(std::string_view text, bool whole) {
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return std::nullopt;
  Origin origin;
  origin.scheme = to_lower(text.substr(0, scheme_end));
  if (origin.scheme != "http" && origin.scheme != "https") return std::nullopt;
  text.remove_prefix(scheme_end + 3);
  if (!whole) text = text.substr(0, text.find_first_of("/?#"));
  const auto authority = parse_authority(text);
  if (!authority) return std::nullopt;
  origin.authority = *authority;
  return origin;
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  Authority authority;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    authority.host = to_lower(text.substr(1, end - 1));
    rest = text.substr(end + 1);
    if (!std::all_of(authority.host.begin(), authority.host.end(), is_address_character)) {
      return std::nullopt;
    }
  } else {
    const auto end = text.find(':');
    authority.host = to_lower(text.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : text.substr(end);
    if (!std::all_of(authority.host.begin(), authority.host.end(), is_host_character)) {
      return std::nullopt;
    }
  }
  if (authority.host.empty() || authority.host.size() > 255) return std::nullopt;
  if (rest.empty()) return authority;
  if (!rest.starts_with(':')) return std::nullopt;
  authority.port = parse_port(rest.substr(1));
  if (!authority.port) return std::nullopt;
  return authority;
}

std::uint16_t Origin::port() const {
  return authority.port.value_or(scheme == "https" ? std::uint16_t{443} : std::uint16_t{80});
}

std::optional<Origin> parse_origin(std::string_view text) {
  return parse_prefix(text, true);
}

OriginCheck::OriginCheck(std::string_view listen_host, const std::vector<std::string>& hosts,
                         const std::vector<std::string>& origins, std::string_view public_url)
    : hosts_{"localhost", "127.0.0.1", "::1", to_lower(listen_host)},
      public_(parse_prefix(public_url, false)) {
  for (const auto& host : hosts) {
    if (const auto authority = parse_authority(host)) hosts_.push_back(authority->host);
  }
  if (public_) hosts_.push_back(public_->authority.host);
  for (const auto& text : origins) {
    if (auto origin = parse_origin(text)) origins_.push_back(*std::move(origin));
  }
}

bool OriginCheck::is_own_host(std::string_view host) const {
  return std::find(hosts_.begin(), hosts_.end(), host) != hosts_.end();
}

OriginVerdict OriginCheck::judge(std::optional<std::string_view> host,
                                 std::optional<std::string_view> origin) const {
  const auto called = host ? parse_authority(*host) : std::nullopt;
  if (!called || !is_own_host(called->host)) return OriginVerdict::refused_host;
  if (!origin) return OriginVerdict::none;
  const auto caller = parse_origin(*origin);
  if (!caller) return OriginVerdict::refused_origin;
  const auto is_caller = [&](const Origin& one) {
    return one.scheme == caller->scheme && one.authority.host == caller->authority.host &&
           one.port() == caller->port();
  };
  if (std::any_of(origins_.begin(), origins_.end(), is_caller)) return OriginVerdict::foreign;
  if (public_ && is_caller(*public_)) return OriginVerdict::own;
  // Another program's page on the same machine differs in its port only: it is not ours.
  const auto called_port = Origin{caller->scheme, *called}.port();
  const bool own_port = caller->port() == port_ || caller->port() == called_port;
  if (is_own_host(caller->authority.host) && own_port) return OriginVerdict::own;
  return OriginVerdict::refused_origin;
}

std::string OriginCheck::frame_ancestors() const {
  if (origins_.empty()) return "'none'";
  std::string value;
  for (const auto& origin : origins_) {
    if (!value.empty()) value += ' ';
    const bool v6 = origin.authority.host.find(':') != std::string::npos;
    value +=
        origin.scheme + "://" + (v6 ? "[" + origin.authority.host + "]" : origin.authority.host);
    if (origin.authority.port) value += ":" + std::to_string(*origin.authority.port);
  }
  return value;
}

}  // namespace aerie
