#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "messages/cause.hpp"

struct nl_sock;

namespace aerie::network {

/// A network device as the kernel knows it.
struct Device {
  int index = 0;
  std::string name;
  std::string alias;
  bool is_up = false;        ///< by the administrator's will
  bool has_carrier = false;  ///< the other end is there and up
};

/// What the kernel knows of a neighbour's link-layer address (arp(7)).
enum class Neighbour { unknown, pending, failed, known };

/// A routing socket (rtnetlink(7)) in the network namespace of the thread that opened it; usable
/// from any thread, one at a time. Every call is one exchange with the kernel. Addresses are IPv4
/// in text. Errors: `network-failed` naming device and step; `address-in-use` where something of
/// that name or address is there already.
class Netlink {
 public:
  [[nodiscard]] static Result<Netlink> open();

  /// A pair of devices: `inner` in this namespace, `outer` in the one of the descriptor.
  [[nodiscard]] Result<void> add_pair(const std::string& inner, const std::string& outer,
                                      int outer_namespace);
  /// Removes a device, and a pair's other end; no failure where there is none.
  [[nodiscard]] Result<void> remove_device(const std::string& name);
  [[nodiscard]] Result<std::optional<Device>> find_device(const std::string& name);
  [[nodiscard]] Result<std::vector<Device>> devices();
  /// Brings a device up; the alias is free text for whoever looks at it.
  [[nodiscard]] Result<void> bring_up(const std::string& name, const std::string& alias);

  enum class Reach { everywhere, host_only };
  /// ADDRESS/32 of a device. `host_only`: never chosen as the source of anything.
  [[nodiscard]] Result<void> add_address(const std::string& device, const std::string& address,
                                         Reach reach);
  [[nodiscard]] Result<std::vector<std::string>> addresses_of(const std::string& device);

  /// ADDRESS/32 is right behind the device.
  [[nodiscard]] Result<void> add_host_route(const std::string& device, const std::string& address);
  /// Everything else is behind the device, over `next_hop`.
  [[nodiscard]] Result<void> add_default_route(const std::string& device,
                                               const std::string& next_hop);
  /// The device that a route to exactly ADDRESS/32 leads to; empty where there is none.
  [[nodiscard]] Result<std::string> host_route_of(const std::string& address);
  /// Devices of routes that have a gateway: the ways out of this host.
  [[nodiscard]] Result<std::vector<std::string>> devices_with_gateway();

  [[nodiscard]] Result<Neighbour> neighbour(const std::string& device, const std::string& address);

 private:
  struct Closer {
    void operator()(nl_sock* socket) const;
  };
  explicit Netlink(std::unique_ptr<nl_sock, Closer> socket) : socket_(std::move(socket)) {}
  [[nodiscard]] Result<int> index_of(const std::string& device);

  std::unique_ptr<nl_sock, Closer> socket_;
};

}  // namespace aerie::network
