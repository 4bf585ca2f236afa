#include "runtime/network/guest_networks.hpp"

#include <map>

#include "runtime/network/device_watch.hpp"
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
    host_.call([this] { devices_.reset(); });
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
      auto devices = DeviceWatch::open(host_, [this](const std::string& device, bool is_working) {
        on_device(device, is_working);
      });
      if (!devices)
        outcome = tl::unexpected(devices.error());
      else
        devices_ = std::move(*devices);
    });
    return outcome;
  }

  void on_device(const std::string& device, bool is_working) {
    for (auto& [name, watched] : watched_) {
      const bool is_it = device.empty() || name == device;
      if (!is_it || (!device.empty() && watched.is_working == is_working)) continue;
      watched.is_working = is_working;
      watched.changed();
    }
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

  struct Watched {
    std::function<void()> changed;
    bool is_working = true;
  };

  Reactor host_;     ///< the kernel's side: milliseconds
  Reactor lookups_;  ///< names: seconds at worst
  std::optional<HostNetwork> network_;
  std::unique_ptr<DeviceWatch> devices_;
  std::map<std::string, Watched> watched_;  ///< by interface
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
  parts_->lookups_.stop();  // what waits for a name comes before the end, as all else does
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

void GuestNetworks::watch(std::string interface, std::function<void()> changed) {
  parts_->host_.post([parts = parts_.get(), interface = std::move(interface),
                      changed = std::move(changed)]() mutable {
    parts->watched_[interface] = {std::move(changed), true};
  });
}

void GuestNetworks::unwatch(std::string interface) {
  parts_->host_.post([parts = parts_.get(), interface = std::move(interface)] {
    parts->watched_.erase(interface);
  });
}

void GuestNetworks::survey(Found found) {
  parts_->host_.post(
      [parts = parts_.get(), found = std::move(found)] { found(parts->network_->survey()); });
}

}  // namespace aerie::network
