#include <arpa/inet.h>
#include <charconv>

#include "runtime/config/configuration.hpp"

namespace aerie {
namespace {

bool is_loopback(const std::string& host) {
  if (host == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool is_port(std::string_view text) {
  int port = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port >= 0 && port <= 65535;
}

}  // namespace

std::optional<FieldError> check_listen(const Settings& settings,
                                       const std::function<bool()>& guests_get_networks) {
  const auto& listen = settings.listen;
  const auto colon = listen.rfind(':');
  if (colon == std::string::npos || colon == 0 ||
      !is_port(std::string_view(listen).substr(colon + 1)))
    return FieldError{"--listen",
                      "must be HOST:PORT with a port between 0 and 65535, not \"" + listen + "\""};
  auto host = listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (is_loopback(host)) return {};
  const bool has_tls = !settings.http.tls_cert.empty() && !settings.http.tls_key.empty();
  if (!has_tls && !settings.http.behind_proxy)
    return FieldError{"--listen", "may be beyond loopback (" + host +
                                      ") only with http.tls.cert and http.tls.key, or with "
                                      "http.behindProxy=true"};
  if (settings.driver == "process" && !settings.guests.host_network && !guests_get_networks())
    return FieldError{"--listen", "may be beyond loopback (" + host +
                                      ") while guests share the host's network only with "
                                      "guests.hostNetwork=true"};
  return {};
}

}  // namespace aerie
