#include "runtime/network/host_network.hpp"

#include <algorithm>
#include <unistd.h>

#include "runtime/network/network_namespace.hpp"
#include "runtime/network/resolvers.hpp"

namespace aerie::network {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

std::string forwarding_of(const std::string& interface) {
  return "ipv4/conf/" + interface + "/forwarding";
}

Cause taken(const std::string& what) {
  return {CauseKind::address_in_use,
          what,
          "Start a new session; give controllers of one host a network.pool each.",
          {}};
}

}  // namespace

std::string interface_name(const std::string& tag, int slot) {
  return interface_prefix + tag + "-" + std::to_string(slot);
}

HostNetwork::HostNetwork(NetworkOptions options, Netlink netlink, PacketFilter filter)
    : options_(std::move(options)), netlink_(std::move(netlink)), filter_(std::move(filter)) {}

Result<HostNetwork> HostNetwork::open(NetworkOptions options) {
  auto netlink = Netlink::open();
  if (!netlink) return tl::unexpected(netlink.error());
  if (options.resolvers.empty()) options.resolvers = host_resolvers();
  auto filter =
      PacketFilter::open({options.tag, options.pool, options.resolvers, options.public_address});
  if (!filter) return tl::unexpected(filter.error());
  HostNetwork network{std::move(options), std::move(*netlink), std::move(*filter)};
  if (auto made = network.make_way_out(); !made) return tl::unexpected(made.error());
  return network;
}

Result<void> HostNetwork::probe() {
  // Reading the packet filter takes the same right over this namespace as changing it.
  if (auto listed = run_nft({"list", "tables"}, ""); !listed) return tl::unexpected(listed.error());
  const std::string settings = "/proc/sys/net/ipv4/conf/default/forwarding";
  if (::access(settings.c_str(), W_OK) != 0)
    return tl::unexpected(Cause{CauseKind::network_failed,
                                "'" + settings + "' can't be written.",
                                "Make /proc/sys writable, or set guests.hostNetwork=true.",
                                {}});
  return in_fresh_namespace([]() -> Result<void> {
    NetworkOptions options;
    options.tag = "probe0";
    options.pool = "10.77.0.0/16";
    options.resolvers = {"192.0.2.53"};
    auto network = open(std::move(options));
    if (!network) return tl::unexpected(network.error());
    GuestNetworkRequest request;
    request.address = "10.77.0.1";
    const auto attached = network->attach(request, {});
    if (!attached) return tl::unexpected(attached.error());
    return network->detach(attached->interface);
  });
}

// -- the way out ----------------------------------------------------------------------------------

/// Guests' packets are forwarded out of the uplinks, and replies back in: where an uplink does not
/// forward yet it is made to, alone, and the filter notes that it was us.
Result<void> HostNetwork::make_way_out() {
  auto uplinks = options_.uplinks;
  if (uplinks.empty()) {
    auto found = netlink_.devices_with_gateway();
    if (!found) return tl::unexpected(found.error());
    uplinks = std::move(*found);
  }
  std::erase_if(uplinks, [](const std::string& name) {
    return name.find_first_of("\"\\") != std::string::npos || name.starts_with(interface_prefix);
  });
  const bool are_known = std::all_of(uplinks.begin(), uplinks.end(), [&](const std::string& name) {
    return contains(filter_.uplinks(), name);
  });
  if (are_known) return {};
  const auto others = filter_.opened_by_others();
  if (!others) return tl::unexpected(others.error());
  std::vector<std::string> opened;
  for (const auto& name : uplinks)
    if (read_setting(forwarding_of(name)) == "0" || contains(*others, name)) opened.push_back(name);
  // First the rule that it forwards for guests only, then the forwarding.
  if (auto added = filter_.add_uplinks(uplinks, opened); !added) return added;
  for (const auto& name : opened)
    if (auto written = write_setting(forwarding_of(name), "1"); !written) return written;
  return {};
}

Result<void> HostNetwork::close() {
  for (const auto& [interface, guest] : filter_.guests()) {
    const auto device = netlink_.find_device(interface);
    if (!device) return tl::unexpected(device.error());
    if (*device) return {};
  }
  const auto opened = filter_.opened();
  if (auto removed = filter_.remove(); !removed) return removed;
  const auto others = filter_.opened_by_others();
  if (!others) return tl::unexpected(others.error());
  for (const auto& name : opened)
    if (!contains(*others, name) && !read_setting(forwarding_of(name)).empty())
      if (auto written = write_setting(forwarding_of(name), "0"); !written) return written;
  return {};
}

// -- guests ---------------------------------------------------------------------------------------

Result<GuestNetwork> HostNetwork::attach(const GuestNetworkRequest& request,
                                         std::vector<Destination> destinations) {
  const auto interface = interface_name(options_.tag, request.slot);
  if (auto free = see_that_it_is_free(interface, request.address); !free)
    return tl::unexpected(free.error());
  if (auto way = make_way_out(); !way) return tl::unexpected(way.error());
  const auto ports = free_media_ports();
  if (!ports) return tl::unexpected(ports.error());
  const FilteredGuest guest{
      interface, request.address, request.vm, request.network.policy, std::move(destinations),
      *ports};
  auto device = make_device(request, interface);
  if (!device) return tl::unexpected(device.error());
  auto ready = set_up_host_end(request, interface);
  if (ready) ready = filter_.admit(guest);
  if (!ready) {
    // The first failure is the one to tell; the device goes with its descriptor at the latest.
    (void)netlink_.remove_device(interface);
    return tl::unexpected(ready.error());
  }
  auto network = describe(guest);
  network.device = std::move(*device);
  return network;
}

Result<GuestNetwork> HostNetwork::adopt(const GuestNetworkRequest& request) {
  const auto interface = interface_name(options_.tag, request.slot);
  const auto device = netlink_.find_device(interface);
  if (!device) return tl::unexpected(device.error());
  const auto found = filter_.guests().find(interface);
  if (!*device || found == filter_.guests().end() || found->second.address != request.address)
    return tl::unexpected(Cause{
        CauseKind::network_failed,
        "The network of the guest " + request.vm + " is gone: " +
            (*device ? "the packet filter does not know " + interface : "there is no device " + interface) +
            ".",
        "Start a new session.",
        {}});
  return describe(found->second);
}

Result<void> HostNetwork::detach(const std::string& interface) {
  if (auto removed = netlink_.remove_device(interface); !removed) return removed;
  return filter_.dismiss(interface);
}

std::vector<FoundNetwork> HostNetwork::survey() {
  std::map<std::string, FoundNetwork> found;
  for (const auto& [interface, guest] : filter_.guests())
    found[interface] = {guest.vm, interface, guest.address};
  const auto prefix = interface_prefix + options_.tag + "-";
  if (const auto devices = netlink_.devices())
    for (const auto& device : *devices)
      if (device.name.starts_with(prefix))
        found.try_emplace(device.name, FoundNetwork{device.alias, device.name, ""});
  std::vector<FoundNetwork> all;
  for (auto& [interface, each] : found)
    all.push_back(std::move(each));
  return all;
}

Result<void> HostNetwork::see_that_it_is_free(const std::string& interface,
                                              const std::string& address) {
  const auto device = netlink_.find_device(interface);
  if (!device) return tl::unexpected(device.error());
  if (*device) return tl::unexpected(taken("There is a device " + interface + " already."));
  // What an earlier guest left in the filter leads nowhere.
  if (auto dismissed = filter_.dismiss(interface); !dismissed) return dismissed;
  const auto route = netlink_.host_route_of(address);
  if (!route) return tl::unexpected(route.error());
  if (!route->empty())
    return tl::unexpected(taken("The address " + address + " is in use behind " + *route + "."));
  if (is_own_address(address))
    return tl::unexpected(taken("The address " + address + " is this host's own."));
  return {};
}

Result<std::optional<PortRange>> HostNetwork::free_media_ports() {
  if (!options_.media_ports || options_.public_address.empty()) return std::nullopt;
  const int each = std::max(1, options_.media_ports_per_guest);
  const int blocks = options_.media_ports->size() / each;
  for (int tried = 0; tried < blocks; ++tried) {
    const int block = next_block_++ % blocks;
    const auto first = static_cast<std::uint16_t>(options_.media_ports->first + block * each);
    const PortRange range{first, static_cast<std::uint16_t>(first + each - 1)};
    const auto& guests = filter_.guests();
    const bool is_free = std::none_of(guests.begin(), guests.end(), [&](const auto& guest) {
      const auto& used = guest.second.media_ports;
      return used && used->first <= range.last && range.first <= used->last;
    });
    if (is_free) return range;
  }
  return tl::unexpected(Cause{CauseKind::quota,
                              "No media ports are left: network.mediaPorts " +
                                  to_string(*options_.media_ports) + " is enough for " +
                                  std::to_string(blocks) + " guests of " + std::to_string(each) +
                                  " ports, and as many have theirs.",
                              "Retire a session, or give network.mediaPorts more ports.",
                              {}});
}

Result<UniqueFd> HostNetwork::make_device(const GuestNetworkRequest& request,
                                          const std::string& interface) {
  if (request.device == GuestNetworkRequest::Device::tap) return open_tap(interface);
  return make_guest_namespace(interface, request.address, next_hop);
}

Result<void> HostNetwork::set_up_host_end(const GuestNetworkRequest& request,
                                          const std::string& interface) {
  const auto setting = [&](const char* family, const char* name, const char* value) {
    return write_setting(std::string{family} + "/conf/" + interface + "/" + name, value);
  };
  // Tells nobody of this host's other addresses, believes no source but the guest's.
  for (const auto& [name, value] : {std::pair{"arp_ignore", "1"},
                                    {"rp_filter", "1"},
                                    {"accept_redirects", "0"},
                                    {"send_redirects", "0"},
                                    {"forwarding", "1"}})
    if (auto written = setting("ipv4", name, value); !written) return written;
  if (!read_setting("ipv6/conf/" + interface + "/disable_ipv6").empty())
    if (auto written = setting("ipv6", "disable_ipv6", "1"); !written) return written;
  if (auto up = netlink_.bring_up(interface, request.vm); !up) return up;
  if (auto added = netlink_.add_address(interface, next_hop, Netlink::Reach::host_only); !added)
    return added;
  return netlink_.add_host_route(interface, request.address);
}

GuestNetwork HostNetwork::describe(const FilteredGuest& guest) const {
  GuestNetwork network;
  network.interface = guest.interface;
  network.address = guest.address;
  network.next_hop = next_hop;
  network.resolvers = options_.resolvers;
  network.media_ports = guest.media_ports;
  // Without public ports a viewer reaches the guest's own address, or not at all.
  const auto ports = guest.media_ports.value_or(PortRange{1, 65'535});
  const auto address = guest.media_ports ? options_.public_address : guest.address;
  network.media = MediaMap{{{guest.address, ports, address, ports.first}}};
  return network;
}

}  // namespace aerie::network
