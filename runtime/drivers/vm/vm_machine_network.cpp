#include "runtime/drivers/vm/vm_machine.hpp"

// A VM's own network, where there is one: a tap that is gone with the VMM.

namespace aerie {

void VmMachine::ask_for_network(bool is_adopted) {
  get_network(*options_.networks, reactor_,
              is_adopted ? NetworkOrigin::adopted : NetworkOrigin::attached,
              network_request(spec_, network::GuestNetworkRequest::Device::tap),
              [weak = weak_from_this(), is_adopted](Result<network::GuestNetwork>& network) {
                const auto self = weak.lock();
                if (self) self->on_network(std::move(network), is_adopted);
                return self != nullptr;
              });
}

/// A guest of an earlier controller goes on without it: it is still a guest.
void VmMachine::on_network(Result<network::GuestNetwork> network, bool is_adopted) {
  if (!network && !is_adopted) return fail(network.error());
  if (!network) reports_->on_network(network.error());
  if (network) take_network(std::move(*network));
  launch(is_adopted);
}

void VmMachine::take_network(std::optional<network::GuestNetwork> network) {
  if (!network) return;
  tap_ = std::move(network->device);
  media_ = watch_media(reactor_, options_.networks, std::move(*network), reports_);
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

}  // namespace aerie
