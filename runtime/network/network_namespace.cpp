#include "runtime/network/network_namespace.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <thread>

#include "runtime/network/netlink.hpp"

namespace aerie::network {
namespace {

Cause failed(const std::string& what, int error) {
  const bool is_taken = error == EBUSY || error == EEXIST;
  return {is_taken ? CauseKind::address_in_use : CauseKind::network_failed,
          what + ": " + std::strerror(error) + ".",
          is_taken ? "Find out whose it is with `ip link`."
                   : "The controller needs root or CAP_NET_ADMIN and CAP_SYS_ADMIN, and the kernel "
                     "network namespaces, veth and tun; or set guests.hostNetwork=true.",
          {}};
}

}  // namespace

Result<UniqueFd> own_namespace() {
  UniqueFd fd{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
  if (!fd) return tl::unexpected(failed("The network namespace could not be opened", errno));
  return fd;
}

Result<void> in_fresh_namespace(const std::function<Result<void>()>& task) {
  Result<void> outcome;
  std::thread{[&] {
    // A thread has namespaces of its own, and takes them along when it ends.
    if (::unshare(CLONE_NEWNET) != 0)
      outcome = tl::unexpected(failed("A network namespace could not be made", errno));
    else
      outcome = task();
  }}.join();
  return outcome;
}

Result<UniqueFd> make_guest_namespace(const std::string& outer, const std::string& address,
                                      const std::string& next_hop) {
  constexpr const char* inner = "eth0";
  const auto outside = own_namespace();
  if (!outside) return tl::unexpected(outside.error());
  UniqueFd inside;
  const auto made = in_fresh_namespace([&]() -> Result<void> {
    if (!read_setting("ipv6/conf/default/disable_ipv6").empty())
      if (auto off = write_setting("ipv6/conf/default/disable_ipv6", "1"); !off) return off;
    auto netlink = Netlink::open();
    if (!netlink) return tl::unexpected(netlink.error());
    if (auto paired = netlink->add_pair(inner, outer, outside->get()); !paired) return paired;
    if (auto up = netlink->bring_up("lo", ""); !up) return up;
    if (auto up = netlink->bring_up(inner, ""); !up) return up;
    if (auto added = netlink->add_address(inner, address, Netlink::Reach::everywhere); !added)
      return added;
    if (auto added = netlink->add_default_route(inner, next_hop); !added) return added;
    auto own = own_namespace();
    if (!own) return tl::unexpected(own.error());
    inside = std::move(*own);
    return {};
  });
  if (!made) return tl::unexpected(made.error());
  return inside;
}

Result<UniqueFd> open_tap(const std::string& name) {
  UniqueFd tap{::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK)};
  if (!tap) return tl::unexpected(failed("/dev/net/tun could not be opened", errno));
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(tap.get(), TUNSETIFF, &request) != 0)
    return tl::unexpected(failed("The tap " + name + " could not be made", errno));
  return tap;
}

Result<void> write_setting(const std::string& name, const std::string& value) {
  const auto path = "/proc/sys/net/" + name;
  const UniqueFd file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  if (!file || ::write(file.get(), value.data(), value.size()) < 0)
    return tl::unexpected(failed("The setting net." + name + " could not be written", errno));
  return {};
}

std::string read_setting(const std::string& name) {
  std::ifstream file{"/proc/sys/net/" + name};
  std::string value;
  file >> value;
  return value;
}

}  // namespace aerie::network
