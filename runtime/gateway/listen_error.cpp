#include "runtime/gateway/listen_error.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/process/unique_fd.hpp"

namespace aerie {

namespace {

/// 0 where the address can be bound, else errno, or -1 where it is no numeric address.
int try_to_bind(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return -1;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  const UniqueFd fd(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!fd || ::bind(fd.get(), found->ai_addr, found->ai_addrlen) != 0) return errno;
  return ::listen(fd.get(), 1) == 0 ? 0 : errno;
}

}  // namespace

Cause explain_listen_error(const GatewayOptions& options) {
  const auto address = options.host + " port " + std::to_string(options.port);
  for (const auto& file : {options.tls_certificate, options.tls_key}) {
    if (file.empty() || ::access(file.c_str(), R_OK) == 0) continue;
    return {CauseKind::network_failed,
            file + " can't be read: " + std::strerror(errno) + ".",
            "Set http.tls.cert and http.tls.key to readable PEM files.",
            {}};
  }
  const int error = try_to_bind(options.host, options.port);
  if (error == EADDRINUSE) {
    return {CauseKind::port_in_use,
            "Another program listens on " + address + ".",
            "End it, or choose another port with --listen (0 takes any free one).",
            {}};
  }
  if (error < 0) {
    return {CauseKind::network_failed,
            options.host + " is not a numeric address.",
            "Give --listen an IPv4 address or an IPv6 address in brackets.",
            {}};
  }
  if (error > 0) {
    return {CauseKind::network_failed,
            "Cannot listen on " + address + ": " + std::strerror(error) + ".",
            "Choose an address of this machine and a port that may be used with --listen.",
            {}};
  }
  if (!options.tls_certificate.empty()) {
    return {CauseKind::network_failed,
            options.tls_certificate + " and " + options.tls_key +
                " are no pair of certificate and key.",
            "Set http.tls.cert and http.tls.key to a PEM certificate and its private key.",
            {}};
  }
  return {CauseKind::network_failed,
          "libwebsockets could not listen on " + address + ".",
          "Run with AERIE_LOG_LEVEL=debug to see what it says.",
          {}};
}

}  // namespace aerie
