#include "guest/init/network.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

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

bool set_default_route(int fd, const std::string& gateway) {
  rtentry route{};
  route.rt_dst = address_of(INADDR_ANY);
  route.rt_genmask = address_of(INADDR_ANY);
  route.rt_gateway = address_of(::inet_addr(gateway.c_str()));
  route.rt_flags = RTF_UP | RTF_GATEWAY;
  return ::ioctl(fd, SIOCADDRT, &route) == 0;
}

Result<void> set_up_interface(int fd, const BootOptions& options) {
  const auto slash = options.address.find('/');
  unsigned prefix = 24;
  if (slash != std::string::npos)
    std::from_chars(options.address.data() + slash + 1,
                    options.address.data() + options.address.size(), prefix);
  if (prefix == 0 || prefix > 30) prefix = 24;
  auto request = request_for(interface_name);
  request.ifr_addr = address_of(::inet_addr(options.address.substr(0, slash).c_str()));
  if (::ioctl(fd, SIOCSIFADDR, &request) != 0) {
    if (errno != ENODEV) return tl::unexpected(failed("eth0 got no address"));
    return tl::unexpected(Cause{CauseKind::driver_missing,
                                "There is no network interface eth0: the module virtio_net is not "
                                "in the initrd, or the machine has no network device.",
                                "Make the image again (./run image).",
                                {}});
  }
  request.ifr_netmask = address_of(htonl(~0U << (32 - prefix)));
  if (::ioctl(fd, SIOCSIFNETMASK, &request) != 0)
    return tl::unexpected(failed("eth0 got no netmask"));
  if (!bring_up(fd, interface_name)) return tl::unexpected(failed("eth0 does not come up"));
  if (!options.gateway.empty() && !set_default_route(fd, options.gateway))
    return tl::unexpected(failed("there is no route over " + options.gateway));
  if (!options.resolver.empty())
    std::ofstream{"/etc/resolv.conf"} << "nameserver " << options.resolver << "\n";
  return {};
}

}  // namespace

Result<void> set_up_network(const BootOptions& options) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return tl::unexpected(failed("no socket"));
  Result<void> done;
  if (!bring_up(fd, "lo")) done = tl::unexpected(failed("lo does not come up"));
  if (done && !options.address.empty()) done = set_up_interface(fd, options);
  ::close(fd);
  return done;
}

}  // namespace aerie::init
