#pragma once

#include <string>
#include <vector>

#include "runtime/network/guest_networks.hpp"
#include "runtime/network/netlink.hpp"
#include "runtime/network/packet_filter.hpp"

namespace aerie::network {

/// What every guest takes for its gateway; each host's end answers for it.
inline constexpr const char* next_hop = "169.254.77.1";

/// `aeTAG-SLOT`.
[[nodiscard]] std::string interface_name(const std::string& tag, int slot);

/// The host's side of guests' networks, in the network namespace of the thread that opened it, and
/// to be used on that thread alone: every function blocks, for milliseconds.
class HostNetwork {
 public:
  /// Errors: as `GuestNetworks::open`.
  [[nodiscard]] static Result<HostNetwork> open(NetworkOptions options);

  /// Tries all of it in a namespace of its own, so that nothing of this host changes, and whether
  /// this controller may do the same in this one. Some 50 ms.
  [[nodiscard]] static Result<void> probe();

  /// `destinations`: what `allow` of the request was found to be. Errors: see `GuestNetworks`.
  [[nodiscard]] Result<GuestNetwork> attach(const GuestNetworkRequest& request,
                                            std::vector<Destination> destinations);
  [[nodiscard]] Result<GuestNetwork> adopt(const GuestNetworkRequest& request);
  [[nodiscard]] Result<void> detach(const std::string& interface);
  [[nodiscard]] std::vector<FoundNetwork> survey();

  /// Where no guest is left, takes back what was changed.
  [[nodiscard]] Result<void> close();

  [[nodiscard]] const std::vector<std::string>& resolvers() const { return options_.resolvers; }
  /// Settings of this host that were changed for the guests' sake, `net.ipv4.conf.eth0.forwarding`.
  [[nodiscard]] const std::vector<std::string>& changed() const { return filter_.opened(); }

 private:
  HostNetwork(NetworkOptions options, Netlink netlink, PacketFilter filter);
  [[nodiscard]] Result<void> make_way_out();
  [[nodiscard]] Result<void> see_that_it_is_free(const std::string& interface,
                                                 const std::string& address);
  [[nodiscard]] Result<std::optional<PortRange>> free_media_ports();
  [[nodiscard]] Result<UniqueFd> make_device(const GuestNetworkRequest& request,
                                             const std::string& interface);
  [[nodiscard]] Result<void> set_up_host_end(const GuestNetworkRequest& request,
                                             const std::string& interface);
  [[nodiscard]] GuestNetwork describe(const FilteredGuest& guest) const;

  NetworkOptions options_;
  Netlink netlink_;
  PacketFilter filter_;
  int next_block_ = 0;  ///< of media ports: they go round, as addresses do
};

}  // namespace aerie::network
