#pragma once

#include <functional>
#include <memory>
#include <string>

#include "actors/ports/machine.hpp"
#include "runtime/drivers/guest_media.hpp"
#include "runtime/network/guest_networks.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie {

// What guests of every kind hold on the host: a network of their own, and a directory.

[[nodiscard]] network::GuestNetworkRequest network_request(
    const MachineSpec& spec, network::GuestNetworkRequest::Device device);

enum class NetworkOrigin {
  attached,  ///< made now
  adopted,   ///< an earlier controller's
};

/// `take` is called once on the reactor's thread; false: nobody waits for it any more, and what was
/// made is given back.
void get_network(network::GuestNetworks& networks, Reactor& reactor, NetworkOrigin origin,
                 network::GuestNetworkRequest request,
                 std::function<bool(Result<network::GuestNetwork>& network)> take);

/// Looks after the media of a guest with that network; reports when it fails and when it is back.
[[nodiscard]] std::shared_ptr<GuestMedia> watch_media(Reactor& reactor,
                                                      network::GuestNetworks* networks,
                                                      network::GuestNetwork network,
                                                      std::shared_ptr<MachineReports> reports);

/// Reports `on_released`, at once where this controller gives guests no networks.
void release_network(network::GuestNetworks* networks, const Resource& resource,
                     std::shared_ptr<MachineReports> reports);

/// On the disk's thread; reports `on_released`.
void release_directory(Reactor& disk, const Resource& resource, std::string path,
                       std::shared_ptr<MachineReports> reports);

}  // namespace aerie
