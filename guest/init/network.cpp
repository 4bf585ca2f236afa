#include "guest/init/network.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/process/unique_fd.hpp"

namespace aerie::init {
namespace {

constexpr const char* interface_name = "eth0";

sockaddr address_of(in_addr_t bits) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = bits;
  sockaddr generic{};
  std::memcpy(&generic, &address, sizeof generic);
  return generic;
}

Cause failed(const std::string& what) {
  return {CauseKind::network_failed,
          "The guest's network: " + what + ": " + std::strerror(errno) + ".",
          "Look at the kernel's lines above it on the console.",
          {}};
}

ifreq request_for(const char* name) {
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  return request;
}

bool bring_up(int fd, const char* name) {
  auto request = request_for(name);
  if (::ioctl(fd, SIOCGIFFLAGS, &request) != 0) return false;
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP | IFF_RUNNING);
  return ::ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

/// To `destination` alone, or to everything where that is empty.
bool add_route(int fd, const std::string& destination, const std::string& gateway) {
  rtentry route{};
  std::string device{interface_name};
  const bool is_default = destination.empty();
  route.rt_dst = address_of(is_default ? INADDR_ANY : ::inet_addr(destination.c_str()));
  route.rt_genmask = address_of(is_default ? INADDR_ANY : INADDR_NONE);
  route.rt_gateway = address_of(gateway.empty() ? INADDR_ANY : ::inet_addr(gateway.c_str()));
  route.rt_flags = static_cast<unsigned short>(RTF_UP | (is_default ? 0 : RTF_HOST) |
                                               (gateway.empty() ? 0 : RTF_GATEWAY));
  route.rt_dev = device.data();
  return ::ioctl(fd, SIOCADDRT, &route) == 0 || errno == EEXIST;
}

Result<void> set_up_interface(int fd, const NetworkOptions& options) {
  auto request = request_for(interface_name);
  request.ifr_addr = address_of(::inet_addr(options.address.c_str()));
  if (::ioctl(fd, SIOCSIFADDR, &request) != 0) {
    if (errno != ENODEV) return tl::unexpected(failed("eth0 got no address"));
    return tl::unexpected(Cause{CauseKind::driver_missing,
                                "There is no network interface eth0: the module virtio_net is not "
                                "in the initrd, or the machine has no network device.",
                                "Make the image again (./run image).",
                                {}});
  }
  request.ifr_netmask = address_of(INADDR_NONE);
  if (::ioctl(fd, SIOCSIFNETMASK, &request) != 0)
    return tl::unexpected(failed("eth0 got no netmask"));
  if (!bring_up(fd, interface_name)) return tl::unexpected(failed("eth0 does not come up"));
  if (!add_route(fd, options.gateway, {}) || !add_route(fd, {}, options.gateway))
    return tl::unexpected(failed("there is no route over " + options.gateway));
  std::ofstream file{"/etc/resolv.conf"};
  for (const auto& resolver : options.resolvers)
    file << "nameserver " << resolver << "\n";
  return {};
}

Result<void> with_socket(const std::function<Result<void>(int fd)>& work) {
  const UniqueFd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!socket) return tl::unexpected(failed("no socket"));
  return work(socket.get());
}

}  // namespace

Result<void> set_up_loopback() {
  return with_socket([](int fd) -> Result<void> {
    if (!bring_up(fd, "lo")) return tl::unexpected(failed("lo does not come up"));
    return {};
  });
}

Result<void> set_up_network(const NetworkOptions& options) {
  return with_socket([&](int fd) { return set_up_interface(fd, options); });
}

}  // namespace aerie::init
