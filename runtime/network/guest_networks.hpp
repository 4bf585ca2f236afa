#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "messages/cause.hpp"
#include "messages/profile.hpp"
#include "runtime/network/media_map.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::network {

/// What the guests' side of this host's network is made of.
struct NetworkOptions {
  std::string tag;   ///< six characters of a state directory's own; part of every name
  std::string pool;  ///< all guests' addresses, `10.77.0.0/16`
  std::vector<std::string> resolvers;    ///< IPv4; empty: what the host uses
  std::vector<std::string> uplinks;      ///< interfaces to the outside; empty: those of gateways
  std::string public_address;            ///< for viewers elsewhere; empty: none
  std::optional<PortRange> media_ports;  ///< of the public address
  int media_ports_per_guest = 16;
};

/// One guest's wish for a network of its own.
struct GuestNetworkRequest {
  enum class Device {
    network_namespace,  ///< with a device `eth0` that is up, addressed and routed
    tap,                ///< for a VMM; the guest inside configures itself
  };
  Device device = Device::network_namespace;
  std::string vm;
  int slot = 0;
  std::string address;  ///< the guest's, of the pool
  Network network;      ///< the profile's policy; names in `allow` are looked up now
};

/// One guest's network. Guest and host are alone on it: the guest has ADDRESS/32 and a default
/// route over `next_hop`, which the host's end answers for.
struct GuestNetwork {
  std::string interface;  ///< the host's end
  /// The namespace, for setns(2), or the tap, for TUNSETIFF's other end. It lives as long as this
  /// or a process in it, the host's end with it. Empty where the guest was adopted.
  UniqueFd device;
  std::string address;
  std::string next_hop;
  std::vector<std::string> resolvers;    ///< for the guest's resolv.conf; may be empty
  std::optional<PortRange> media_ports;  ///< what the guest's streamer must bind to; none: any
  MediaMap media;
};

/// What is there of a guest's network, whoever made it.
struct FoundNetwork {
  std::string vm;  ///< empty: not known
  std::string interface;
  std::string address;
};

/// Gives guests networks of their own. Works on threads of its own: every function returns at
/// once, and what it is given to call is called once, on such a thread; it must only post.
class GuestNetworks {
 public:
  using Attached = std::function<void(Result<GuestNetwork> network)>;
  using Done = std::function<void(std::optional<Cause> failure)>;
  using Found = std::function<void(std::vector<FoundNetwork> networks)>;

  /// Tries all that is needed in a namespace that is gone afterwards, and whether this controller
  /// has the right to do the same here. Blocks for some 50 ms. Errors: `network-failed` naming what
  /// is missing.
  [[nodiscard]] static Result<void> probe();

  /// Makes the rules that stand once, and lets the ways out of this host forward guests' packets.
  /// Blocks for some 20 ms. Errors: as `probe`.
  [[nodiscard]] static Result<std::shared_ptr<GuestNetworks>> open(NetworkOptions options);

  /// Ends the threads. Guests keep their networks.
  ~GuestNetworks();
  GuestNetworks(const GuestNetworks&) = delete;
  GuestNetworks& operator=(const GuestNetworks&) = delete;

  /// Where no guest is left, takes back what `open` changed. Blocks for some milliseconds, longer
  /// where names are being looked up; afterwards no more are.
  [[nodiscard]] Result<void> close();

  /// The host's end for the guest with this slot, at most 15 characters.
  [[nodiscard]] std::string interface_of(int slot) const;

  /// Whose forwarding was off, and is on for guests' packets while there are any; to be told.
  [[nodiscard]] const std::vector<std::string>& forwarding_interfaces() const;

  /// Errors: `address-in-use` where a guest has that interface or address already, `quota` where
  /// no media ports are left, `network-failed` naming the step.
  void attach(GuestNetworkRequest request, Attached done);

  /// Of a guest that an earlier controller attached. Errors: `network-failed` where it is gone.
  void adopt(GuestNetworkRequest request, Attached done);

  /// Removes what is left of a guest's network; no failure where there is nothing.
  void detach(std::string interface, Done done);

  /// Looks for the lowest layer that fails between host and guest: device, address, ARP, IP, TCP.
  /// Takes up to some seconds where one does. No cause: all work.
  void check(std::string interface, std::string address, Done done);

  /// Calls `changed` whenever the interface stops or begins to work (its device goes, is taken
  /// down, loses its other end, or comes back), until `unwatch`; one watcher an interface.
  void watch(std::string interface, std::function<void()> changed);
  /// One call may still be under way.
  void unwatch(std::string interface);

  void survey(Found found);

 private:
  class Parts;
  explicit GuestNetworks(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace aerie::network
