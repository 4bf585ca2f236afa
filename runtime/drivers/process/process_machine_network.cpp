#include "runtime/drivers/process/process_machine.hpp"

// A guest's own network, where there is one.

namespace aerie {

/// The guest's first process is born into it.
void ProcessMachine::make_network() {
  options_.networks->attach(
      network_request(), [weak = weak_from_this(), &reactor = reactor_,
                          networks = options_.networks](Result<network::GuestNetwork> network) {
        auto made = std::make_shared<Result<network::GuestNetwork>>(std::move(network));
        reactor.post([weak, networks, made] {
          if (const auto self = weak.lock()) return self->on_network_made(std::move(*made));
          // Nobody waits for it any more; what of it can't be removed now a survey finds.
          if (*made) networks->detach((*made)->interface, [](const auto&) {});
        });
      });
}

void ProcessMachine::on_network_made(Result<network::GuestNetwork> network) {
  if (!network) return fail_start(network.error());
  take_network(std::move(*network));
  launch();
}

network::GuestNetworkRequest ProcessMachine::network_request() const {
  network::GuestNetworkRequest request;
  request.vm = spec_.vm;
  request.slot = spec_.slot;
  request.address = spec_.address;
  request.network = spec_.configure.profile->network;
  return request;
}

void ProcessMachine::take_network(network::GuestNetwork network) {
  network_namespace_ = std::move(network.device);
  if (network_namespace_) sandbox_.network_fd = inherited_network_fd;
  sandbox_.resolvers = network.resolvers;
  if (network.media_ports) sandbox_.media_ports = to_string(*network.media_ports);
  media_ = std::make_shared<GuestMedia>(reactor_, options_.networks, std::move(network),
                                        [reports = reports_](std::optional<Cause> failure) {
                                          reports->on_network(std::move(failure));
                                        });
}

/// Then goes on, whatever came of it: a guest whose network is gone is still a guest.
void ProcessMachine::adopt_network(std::function<void()> then) {
  options_.networks->adopt(
      network_request(), [weak = weak_from_this(), &reactor = reactor_,
                          then = std::move(then)](Result<network::GuestNetwork> network) {
        auto found = std::make_shared<Result<network::GuestNetwork>>(std::move(network));
        reactor.post([weak, found, then] {
          const auto self = weak.lock();
          if (!self) return;
          if (*found)
            self->take_network(std::move(**found));
          else
            self->reports_->on_network(found->error());
          then();
        });
      });
}

void ProcessMachine::release_network(const Resource& resource) {
  network_namespace_.reset();
  if (options_.networks == nullptr)
    return reports_->on_released(
        resource, Cause{CauseKind::network_failed,
                        "The network " + resource.name +
                            " could not be removed: this controller "
                            "gives guests the host's network.",
                        "Remove it by hand (ip link delete, nft list ruleset), or start the "
                        "controller with guests.hostNetwork=false and its rights.",
                        {}});
  options_.networks->detach(resource.name,
                            [resource, reports = reports_](std::optional<Cause> failure) {
                              reports->on_released(resource, std::move(failure));
                            });
}

}  // namespace aerie
