#include "runtime/drivers/process/process_machine.hpp"

// A guest's own network, where there is one: a namespace into which its first process is born.

namespace aerie {

void ProcessMachine::make_network() {
  get_network(*options_.networks, reactor_, NetworkOrigin::attached, own_network(),
              [weak = weak_from_this()](Result<network::GuestNetwork>& network) {
                const auto self = weak.lock();
                if (self) self->on_network_made(std::move(network));
                return self != nullptr;
              });
}

void ProcessMachine::on_network_made(Result<network::GuestNetwork> network) {
  if (!network) return fail_start(network.error());
  take_network(std::move(*network));
  launch();
}

network::GuestNetworkRequest ProcessMachine::own_network() const {
  return network_request(spec_, network::GuestNetworkRequest::Device::network_namespace);
}

void ProcessMachine::take_network(network::GuestNetwork network) {
  network_namespace_ = std::move(network.device);
  if (network_namespace_) sandbox_.network_fd = inherited_network_fd;
  sandbox_.resolvers = network.resolvers;
  if (network.media_ports) sandbox_.media_ports = to_string(*network.media_ports);
  media_ = watch_media(reactor_, options_.networks, std::move(network), reports_);
}

/// Then goes on, whatever came of it: a guest whose network is gone is still a guest.
void ProcessMachine::adopt_network(std::function<void()> then) {
  get_network(
      *options_.networks, reactor_, NetworkOrigin::adopted, own_network(),
      [weak = weak_from_this(), then = std::move(then)](Result<network::GuestNetwork>& network) {
        const auto self = weak.lock();
        if (!self) return false;
        if (network)
          self->take_network(std::move(*network));
        else
          self->reports_->on_network(network.error());
        then();
        return true;
      });
}

}  // namespace aerie
