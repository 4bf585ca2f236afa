#include "runtime/drivers/guest_network_options.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/process/unique_fd.hpp"

namespace aerie {
namespace {

std::string text_of(const in_addr& address) {
  char text[INET_ADDRSTRLEN] = {};
  return ::inet_ntop(AF_INET, &address, text, sizeof text) == nullptr ? "" : text;
}

/// The address that this host has outside, by its routes; nothing is sent. Empty: none.
std::string outward_address() {
  const UniqueFd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_in somewhere{};
  somewhere.sin_family = AF_INET;
  somewhere.sin_port = htons(9);
  ::inet_pton(AF_INET, "192.0.2.1", &somewhere.sin_addr);  // of no network (RFC 5737)
  sockaddr_in own{};
  socklen_t size = sizeof own;
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&somewhere), sizeof somewhere) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own), &size) != 0)
    return {};
  return text_of(own.sin_addr);
}

/// Where viewers elsewhere find this host: what is configured, else where it listens.
std::string public_address(const Settings& settings) {
  if (!settings.network.public_address.empty()) return settings.network.public_address;
  const auto host = settings.listen.substr(0, settings.listen.rfind(':'));
  in_addr parsed{};
  if (host == "[::]") return outward_address();
  if (::inet_pton(AF_INET, host.c_str(), &parsed) != 1) return {};
  if (parsed.s_addr == INADDR_ANY) return outward_address();
  const bool is_loopback = (ntohl(parsed.s_addr) >> 24) == 127;
  return is_loopback ? std::string{} : host;
}

}  // namespace

Result<void> guests_get_networks(const Settings& settings) {
  if (settings.guests.host_network)
    return tl::unexpected(Cause{CauseKind::requested,
                                "guests.hostNetwork is true.",
                                "Set it to false, and guests get networks of their own.",
                                {}});
  if (::geteuid() != 0)
    return tl::unexpected(Cause{CauseKind::network_failed,
                                "The controller is not root.",
                                "Run it as root, and guests get networks of their own.",
                                {}});
  static const auto probed = network::GuestNetworks::probe();
  return probed;
}

network::NetworkOptions guest_network_options(const Settings& settings, const std::string& tag) {
  network::NetworkOptions options;
  options.tag = tag.substr(0, 6);
  options.pool = settings.network.pool;
  options.resolvers = settings.network.resolvers;
  options.uplinks = settings.network.uplinks;
  options.public_address = public_address(settings);
  options.media_ports = network::parse_port_range(settings.network.media_ports);
  options.media_ports_per_guest = settings.network.media_ports_per_guest;
  return options;
}

}  // namespace aerie
