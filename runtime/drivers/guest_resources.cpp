#include "runtime/drivers/guest_resources.hpp"

#include <filesystem>
#include <utility>

namespace aerie {

network::GuestNetworkRequest network_request(const MachineSpec& spec,
                                             network::GuestNetworkRequest::Device device) {
  return {device, spec.vm, spec.slot, spec.address, spec.configure.profile->network};
}

void get_network(network::GuestNetworks& networks, Reactor& reactor, NetworkOrigin origin,
                 network::GuestNetworkRequest request,
                 std::function<bool(Result<network::GuestNetwork>& network)> take) {
  const bool is_new = origin == NetworkOrigin::attached;
  const auto done = [&networks, &reactor, is_new,
                     take = std::move(take)](Result<network::GuestNetwork> network) {
    const auto got = std::make_shared<Result<network::GuestNetwork>>(std::move(network));
    reactor.post([&networks, is_new, take, got] {
      // What of it can't be removed now a survey finds.
      if (!take(*got) && *got && is_new) networks.detach((*got)->interface, [](const auto&) {});
    });
  };
  if (is_new) return networks.attach(std::move(request), done);
  networks.adopt(std::move(request), done);
}

std::shared_ptr<GuestMedia> watch_media(Reactor& reactor, network::GuestNetworks* networks,
                                        network::GuestNetwork network,
                                        std::shared_ptr<MachineReports> reports) {
  auto media =
      std::make_shared<GuestMedia>(reactor, networks, std::move(network),
                                   [reports = std::move(reports)](std::optional<Cause> failure) {
                                     reports->on_network(std::move(failure));
                                   });
  media->watch_device();
  return media;
}

void release_network(network::GuestNetworks* networks, const Resource& resource,
                     std::shared_ptr<MachineReports> reports) {
  if (networks == nullptr)
    return reports->on_released(
        resource, Cause{CauseKind::network_failed,
                        "The network " + resource.name +
                            " could not be removed: this controller gives guests none of their "
                            "own.",
                        "Remove it by hand (ip link delete, nft list ruleset), or start the "
                        "controller with guests.hostNetwork=false and its rights.",
                        {}});
  networks->detach(resource.name,
                   [resource, reports = std::move(reports)](std::optional<Cause> failure) {
                     reports->on_released(resource, std::move(failure));
                   });
}

void release_directory(Reactor& disk, const Resource& resource, std::string path,
                       std::shared_ptr<MachineReports> reports) {
  disk.post([resource, path = std::move(path), reports = std::move(reports)] {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    std::optional<Cause> failure;
    if (error)
      failure = Cause{CauseKind::store_failed,
                      "'" + path + "' could not be removed: " + error.message() + ".",
                      "Remove it by hand once nothing uses it.",
                      {}};
    reports->on_released(resource, std::move(failure));
  });
}

}  // namespace aerie
