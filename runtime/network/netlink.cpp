#include "runtime/network/netlink.hpp"

#include <algorithm>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/route.h>
#include <sys/socket.h>

namespace aerie::network {
namespace {

template <class T, void (*Release)(T*)>
struct Releaser {
  void operator()(T* value) const { Release(value); }
};
template <class T, void (*Release)(T*)>
using Owned = std::unique_ptr<T, Releaser<T, Release>>;

using Link = Owned<rtnl_link, rtnl_link_put>;
using Pair = Owned<rtnl_link, rtnl_link_veth_release>;
using Address = Owned<nl_addr, nl_addr_put>;
using LocalAddress = Owned<rtnl_addr, rtnl_addr_put>;
using Route = Owned<rtnl_route, rtnl_route_put>;
using Cache = Owned<nl_cache, nl_cache_free>;

Cause failed(const std::string& what, int error) {
  const bool is_taken = error == -NLE_EXIST || error == -NLE_BUSY;
  const bool is_forbidden = error == -NLE_PERM || error == -NLE_NOACCESS;
  return {is_taken ? CauseKind::address_in_use : CauseKind::network_failed,
          what + ": " + nl_geterror(error) + ".",
          is_taken ? "Find out whose it is (ip link, ip route); give this controller a "
                     "network.pool of its own."
          : is_forbidden
              ? "Run the controller as root or with CAP_NET_ADMIN, or set guests.hostNetwork=true."
              : "Look at the device with ip(8) and at the kernel's log.",
          {}};
}

Result<Address> parse_address(const std::string& text) {
  nl_addr* parsed = nullptr;
  if (const int error = nl_addr_parse(text.c_str(), AF_INET, &parsed); error < 0)
    return tl::unexpected(failed("'" + text + "' is no IPv4 address", error));
  return Address{parsed};
}

Device device_of(rtnl_link* link) {
  const auto text = [](const char* value) { return value == nullptr ? std::string{} : value; };
  return {rtnl_link_get_ifindex(link), text(rtnl_link_get_name(link)),
          text(rtnl_link_get_ifalias(link)), (rtnl_link_get_flags(link) & IFF_UP) != 0,
          rtnl_link_get_carrier(link) != 0};
}

template <class Object, class Visit>
void for_each(nl_cache* cache, Visit visit) {
  for (auto* object = nl_cache_get_first(cache); object != nullptr;
       object = nl_cache_get_next(object))
    visit(reinterpret_cast<Object*>(object));
}

std::string name_of(int index) {
  char name[IF_NAMESIZE] = {};
  return ::if_indextoname(static_cast<unsigned>(index), name) == nullptr ? std::string{} : name;
}

/// A route of the main table over one device.
Route make_route(int index, nl_addr* destination, nl_addr* gateway, std::uint8_t scope) {
  Route route{rtnl_route_alloc()};
  rtnl_route_set_family(route.get(), AF_INET);
  rtnl_route_set_table(route.get(), RT_TABLE_MAIN);
  rtnl_route_set_protocol(route.get(), RTPROT_STATIC);
  rtnl_route_set_scope(route.get(), scope);
  rtnl_route_set_dst(route.get(), destination);
  auto* hop = rtnl_route_nh_alloc();
  rtnl_route_nh_set_ifindex(hop, index);
  if (gateway != nullptr) {
    rtnl_route_nh_set_gateway(hop, gateway);
    rtnl_route_nh_set_flags(hop, RTNH_F_ONLINK);
  }
  rtnl_route_add_nexthop(route.get(), hop);  // which it owns from here on
  return route;
}

/// ADDRESS/32 of a device; no device: why there is none.
Result<LocalAddress> local_address(const Result<int>& index, const std::string& address) {
  if (!index) return tl::unexpected(index.error());
  const auto parsed = parse_address(address + "/32");
  if (!parsed) return tl::unexpected(parsed.error());
  LocalAddress local{rtnl_addr_alloc()};
  rtnl_addr_set_ifindex(local.get(), *index);
  rtnl_addr_set_local(local.get(), parsed->get());
  return local;
}

/// A route that says ADDRESS/32 is right behind a device.
Result<Route> host_route(const Result<int>& index, const std::string& address) {
  if (!index) return tl::unexpected(index.error());
  const auto destination = parse_address(address + "/32");
  if (!destination) return tl::unexpected(destination.error());
  return make_route(*index, destination->get(), nullptr, RT_SCOPE_LINK);
}

Result<Cache> routes(nl_sock* socket) {
  nl_cache* cache = nullptr;
  if (const int error = rtnl_route_alloc_cache(socket, AF_INET, 0, &cache); error < 0)
    return tl::unexpected(failed("The routes could not be read", error));
  return Cache{cache};
}

int first_device_of(rtnl_route* route) {
  auto* hop = rtnl_route_get_nnexthops(route) > 0 ? rtnl_route_nexthop_n(route, 0) : nullptr;
  return hop == nullptr ? 0 : rtnl_route_nh_get_ifindex(hop);
}

}  // namespace

void Netlink::Closer::operator()(nl_sock* socket) const {
  nl_socket_free(socket);
}

Result<Netlink> Netlink::open() {
  std::unique_ptr<nl_sock, Closer> socket{nl_socket_alloc()};
  if (!socket) return tl::unexpected(failed("A routing socket could not be opened", -NLE_NOMEM));
  if (const int error = nl_connect(socket.get(), NETLINK_ROUTE); error < 0)
    return tl::unexpected(failed("A routing socket could not be opened", error));
  return Netlink{std::move(socket)};
}

// -- devices --------------------------------------------------------------------------------------

Result<void> Netlink::add_pair(const std::string& inner, const std::string& outer,
                               int outer_namespace) {
  const Pair pair{rtnl_link_veth_alloc()};
  rtnl_link_set_name(pair.get(), inner.c_str());
  const Link peer{rtnl_link_veth_get_peer(pair.get())};
  rtnl_link_set_name(peer.get(), outer.c_str());
  rtnl_link_set_ns_fd(peer.get(), outer_namespace);
  const int error = rtnl_link_add(socket_.get(), pair.get(), NLM_F_CREATE | NLM_F_EXCL);
  if (error < 0)
    return tl::unexpected(failed("The pair of devices " + outer + " could not be made", error));
  return {};
}

Result<void> Netlink::remove_device(const std::string& name) {
  const Link link{rtnl_link_alloc()};
  rtnl_link_set_name(link.get(), name.c_str());
  const int error = rtnl_link_delete(socket_.get(), link.get());
  const bool is_gone = error == -NLE_NODEV || error == -NLE_OBJ_NOTFOUND;
  if (error < 0 && !is_gone)
    return tl::unexpected(failed("The device " + name + " could not be removed", error));
  return {};
}

Result<std::optional<Device>> Netlink::find_device(const std::string& name) {
  rtnl_link* found = nullptr;
  const int error = rtnl_link_get_kernel(socket_.get(), 0, name.c_str(), &found);
  if (error == -NLE_NODEV || error == -NLE_OBJ_NOTFOUND) return std::nullopt;
  if (error < 0)
    return tl::unexpected(failed("The device " + name + " could not be looked at", error));
  const Link link{found};
  return device_of(link.get());
}

Result<std::vector<Device>> Netlink::devices() {
  nl_cache* listed = nullptr;
  const int error = rtnl_link_alloc_cache(socket_.get(), AF_UNSPEC, &listed);
  if (error < 0) return tl::unexpected(failed("The devices could not be listed", error));
  const Cache cache{listed};
  std::vector<Device> all;
  for_each<rtnl_link>(cache.get(), [&](rtnl_link* link) { all.push_back(device_of(link)); });
  return all;
}

Result<int> Netlink::index_of(const std::string& device) {
  const auto found = find_device(device);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return tl::unexpected(failed("There is no device " + device, -NLE_NODEV));
  return (*found)->index;
}

Result<void> Netlink::bring_up(const std::string& name, const std::string& alias) {
  const auto index = index_of(name);
  if (!index) return tl::unexpected(index.error());
  const Link device{rtnl_link_alloc()};
  rtnl_link_set_ifindex(device.get(), *index);
  const Link change{rtnl_link_alloc()};
  rtnl_link_set_flags(change.get(), IFF_UP);
  if (!alias.empty()) rtnl_link_set_ifalias(change.get(), alias.c_str());
  const int error = rtnl_link_change(socket_.get(), device.get(), change.get(), 0);
  if (error < 0)
    return tl::unexpected(failed("The device " + name + " could not be brought up", error));
  return {};
}

Result<void> Netlink::bring_down(const std::string& name) {
  const auto index = index_of(name);
  if (!index) return tl::unexpected(index.error());
  const Link device{rtnl_link_alloc()};
  rtnl_link_set_ifindex(device.get(), *index);
  const Link change{rtnl_link_alloc()};
  rtnl_link_unset_flags(change.get(), IFF_UP);
  const int error = rtnl_link_change(socket_.get(), device.get(), change.get(), 0);
  if (error < 0)
    return tl::unexpected(failed("The device " + name + " could not be brought down", error));
  return {};
}

// -- addresses and routes -------------------------------------------------------------------------

Result<void> Netlink::add_address(const std::string& device, const std::string& address,
                                  Reach reach) {
  const auto local = local_address(index_of(device), address);
  if (!local) return tl::unexpected(local.error());
  rtnl_addr_set_scope(local->get(), reach == Reach::host_only ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE);
  const int error = rtnl_addr_add(socket_.get(), local->get(), NLM_F_CREATE | NLM_F_EXCL);
  if (error < 0)
    return tl::unexpected(
        failed("The address " + address + " could not be given to " + device, error));
  return {};
}

Result<void> Netlink::remove_address(const std::string& device, const std::string& address) {
  const auto local = local_address(index_of(device), address);
  if (!local) return tl::unexpected(local.error());
  const int error = rtnl_addr_delete(socket_.get(), local->get(), 0);
  if (error < 0)
    return tl::unexpected(
        failed("The address " + address + " could not be taken from " + device, error));
  return {};
}

Result<std::vector<std::string>> Netlink::addresses_of(const std::string& device) {
  const auto index = index_of(device);
  if (!index) return tl::unexpected(index.error());
  nl_cache* listed = nullptr;
  if (const int error = rtnl_addr_alloc_cache(socket_.get(), &listed); error < 0)
    return tl::unexpected(failed("The addresses could not be listed", error));
  const Cache cache{listed};
  std::vector<std::string> all;
  for_each<rtnl_addr>(cache.get(), [&](rtnl_addr* each) {
    if (rtnl_addr_get_ifindex(each) != *index || rtnl_addr_get_family(each) != AF_INET) return;
    char text[64] = {};
    std::string address = nl_addr2str(rtnl_addr_get_local(each), text, sizeof text);
    all.push_back(address.substr(0, address.find('/')));
  });
  return all;
}

Result<void> Netlink::add_host_route(const std::string& device, const std::string& address) {
  const auto route = host_route(index_of(device), address);
  if (!route) return tl::unexpected(route.error());
  const int error = rtnl_route_add(socket_.get(), route->get(), NLM_F_CREATE | NLM_F_EXCL);
  if (error < 0)
    return tl::unexpected(
        failed("The address " + address + " could not be routed to " + device, error));
  return {};
}

Result<void> Netlink::remove_host_route(const std::string& device, const std::string& address) {
  const auto route = host_route(index_of(device), address);
  if (!route) return tl::unexpected(route.error());
  const int error = rtnl_route_delete(socket_.get(), route->get(), 0);
  if (error < 0)
    return tl::unexpected(
        failed("The route to " + address + " could not be taken from " + device, error));
  return {};
}

Result<void> Netlink::add_default_route(const std::string& device, const std::string& next_hop) {
  const auto index = index_of(device);
  if (!index) return tl::unexpected(index.error());
  const auto everything = parse_address("default");
  if (!everything) return tl::unexpected(everything.error());
  const auto gateway = parse_address(next_hop);
  if (!gateway) return tl::unexpected(gateway.error());
  const auto route = make_route(*index, everything->get(), gateway->get(), RT_SCOPE_UNIVERSE);
  const int error = rtnl_route_add(socket_.get(), route.get(), NLM_F_CREATE | NLM_F_EXCL);
  if (error < 0)
    return tl::unexpected(
        failed("The default route over " + next_hop + " could not be made", error));
  return {};
}

Result<std::string> Netlink::host_route_of(const std::string& address) {
  const auto wanted = parse_address(address + "/32");
  if (!wanted) return tl::unexpected(wanted.error());
  const auto cache = routes(socket_.get());
  if (!cache) return tl::unexpected(cache.error());
  std::string device;
  for_each<rtnl_route>(cache->get(), [&](rtnl_route* route) {
    auto* destination = rtnl_route_get_dst(route);
    const bool is_it = rtnl_route_get_table(route) == RT_TABLE_MAIN && destination != nullptr &&
                       nl_addr_get_prefixlen(destination) == 32 &&
                       nl_addr_cmp(destination, wanted->get()) == 0;
    if (is_it) device = name_of(first_device_of(route));
  });
  return device;
}

Result<std::vector<std::string>> Netlink::devices_with_gateway() {
  const auto cache = routes(socket_.get());
  if (!cache) return tl::unexpected(cache.error());
  std::vector<std::string> all;
  for_each<rtnl_route>(cache->get(), [&](rtnl_route* route) {
    for (int i = 0; i < rtnl_route_get_nnexthops(route); ++i) {
      auto* hop = rtnl_route_nexthop_n(route, i);
      if (rtnl_route_nh_get_gateway(hop) == nullptr) continue;
      auto name = name_of(rtnl_route_nh_get_ifindex(hop));
      if (!name.empty() && std::find(all.begin(), all.end(), name) == all.end())
        all.push_back(std::move(name));
    }
  });
  return all;
}

}  // namespace aerie::network
