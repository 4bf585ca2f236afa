#include "runtime/drivers/vm/vm_machine.hpp"

// A VM's own network, where there is one: a tap that is gone with the VMM.

namespace aerie {

void VmMachine::get_network(bool is_adopted) {
  const auto done = [weak = weak_from_this(), &reactor = reactor_, networks = options_.networks,
                     is_adopted](Result<network::GuestNetwork> network) {
    auto got = std::make_shared<Result<network::GuestNetwork>>(std::move(network));
    reactor.post([weak, networks, got, is_adopted] {
      if (const auto self = weak.lock()) return self->on_network(std::move(*got), is_adopted);
      // Nobody waits for it any more; what of it can't be removed now a survey finds.
      if (*got && !is_adopted) networks->detach((*got)->interface, [](const auto&) {});
    });
  };
  if (is_adopted) return options_.networks->adopt(network_request(), done);
  options_.networks->attach(network_request(), done);
}

/// A guest of an earlier controller goes on without it: it is still a guest.
void VmMachine::on_network(Result<network::GuestNetwork> network, bool is_adopted) {
  if (!network && !is_adopted) return fail(network.error());
  if (!network) reports_->on_network(network.error());
  if (network) {
    tap_ = std::move(network->device);
    media_ = std::make_shared<GuestMedia>(reactor_, options_.networks, std::move(*network),
                                          [reports = reports_](std::optional<Cause> failure) {
                                            reports->on_network(std::move(failure));
                                          });
  }
  launch(is_adopted);
}

network::GuestNetworkRequest VmMachine::network_request() const {
  network::GuestNetworkRequest request;
  request.device = network::GuestNetworkRequest::Device::tap;
  request.vm = spec_.vm;
  request.slot = spec_.slot;
  request.address = spec_.address;
  request.network = spec_.configure.profile->network;
  return request;
}

Json VmMachine::network_words() const {
  if (!media_) return nullptr;
  const auto& network = media_->network();
  Json words{{"address", network.address},
             {"gateway", network.next_hop},
             {"resolvers", network.resolvers}};
  if (network.media_ports) words["mediaPorts"] = to_string(*network.media_ports);
  return words;
}

void VmMachine::release_network(const Resource& resource) {
  if (options_.networks == nullptr)
    return reports_->on_released(
        resource, Cause{CauseKind::network_failed,
                        "The network " + resource.name +
                            " could not be removed: this controller gives guests none of their "
                            "own.",
                        "Remove it by hand (ip link delete, nft list ruleset), or start the "
                        "controller with guests.hostNetwork=false and its rights.",
                        {}});
  options_.networks->detach(resource.name,
                            [resource, reports = reports_](std::optional<Cause> failure) {
                              reports->on_released(resource, std::move(failure));
                            });
}

}  // namespace aerie
