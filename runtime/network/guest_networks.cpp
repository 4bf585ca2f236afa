#include "runtime/network/guest_networks.hpp"

#include "runtime/network/host_network.hpp"
#include "runtime/network/layer_check.hpp"
#include "runtime/network/resolvers.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie::network {

class GuestNetworks::Parts {
 public:
  explicit Parts(std::string tag) : tag_(std::move(tag)) {}
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  ~Parts() {
    lookups_.stop();
    host_.stop();
  }

  Result<void> open(NetworkOptions options) {
    Result<void> outcome;
    host_.call([&] {
      auto opened = HostNetwork::open(std::move(options));
      if (!opened) {
        outcome = tl::unexpected(opened.error());
        return;
      }
      network_.emplace(std::move(*opened));
      changed_ = network_->changed();
    });
    return outcome;
  }

  void attach(GuestNetworkRequest request, Attached done) {
    if (request.network.policy != NetworkPolicy::list) {
      host_.post([this, request = std::move(request), done = std::move(done)] {
        done(network_->attach(request, {}));
      });
      return;
    }
    lookups_.post([this, request = std::move(request), done = std::move(done)]() mutable {
      auto found = look_up(request.network.allow);
      host_.post(
          [this, request = std::move(request), done = std::move(done), found = std::move(found)] {
            if (!found) return done(tl::unexpected(found.error()));
            done(network_->attach(request, *found));
          });
    });
  }

  Reactor host_;     ///< the kernel's side: milliseconds
  Reactor lookups_;  ///< names: seconds at worst
  std::optional<HostNetwork> network_;
  std::string tag_;
  std::vector<std::string> changed_;
};

GuestNetworks::GuestNetworks(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
GuestNetworks::~GuestNetworks() = default;

Result<std::shared_ptr<GuestNetworks>> GuestNetworks::open(NetworkOptions options) {
  auto parts = std::make_unique<Parts>(options.tag);
  if (auto opened = parts->open(std::move(options)); !opened) return tl::unexpected(opened.error());
  return std::shared_ptr<GuestNetworks>{new GuestNetworks{std::move(parts)}};
}

Result<void> GuestNetworks::probe() {
  return HostNetwork::probe();
}

Result<void> GuestNetworks::close() {
  Result<void> outcome;
  parts_->host_.call([&] { outcome = parts_->network_->close(); });
  return outcome;
}

std::string GuestNetworks::interface_of(int slot) const {
  return interface_name(parts_->tag_, slot);
}

const std::vector<std::string>& GuestNetworks::forwarding_interfaces() const {
  return parts_->changed_;
}

void GuestNetworks::attach(GuestNetworkRequest request, Attached done) {
  parts_->attach(std::move(request), std::move(done));
}

void GuestNetworks::adopt(GuestNetworkRequest request, Attached done) {
  parts_->host_.post([parts = parts_.get(), request = std::move(request), done = std::move(done)] {
    done(parts->network_->adopt(request));
  });
}

void GuestNetworks::detach(std::string interface, Done done) {
  parts_->host_.post(
      [parts = parts_.get(), interface = std::move(interface), done = std::move(done)] {
        const auto detached = parts->network_->detach(interface);
        done(detached ? std::nullopt : std::optional{detached.error()});
      });
}

void GuestNetworks::check(std::string interface, std::string address, Done done) {
  parts_->host_.post([parts = parts_.get(), interface = std::move(interface),
                      address = std::move(address), done = std::move(done)]() mutable {
    LayerCheck::run(parts->host_, {std::move(interface), std::move(address), next_hop},
                    std::move(done));
  });
}

void GuestNetworks::survey(Found found) {
  parts_->host_.post(
      [parts = parts_.get(), found = std::move(found)] { found(parts->network_->survey()); });
}

}  // namespace aerie::network
