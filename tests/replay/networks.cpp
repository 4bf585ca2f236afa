
// What breaks a guest's own network.

#include "runtime/network/guest_networks.hpp"
#include "runtime/network/netlink.hpp"
#include "runtime/network/network_namespace.hpp"
#include "tests/replay/scene.hpp"

namespace aerie::replay {
namespace {

using network::Netlink;

constexpr const char* foreign_device = "replay-taken";

template <class T>
T needed(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

Fault fault(const std::string& name, CauseKind kind, const std::string& names,
            std::function<void(Scene&)> plant) {
  auto made = sleeper_fault(name, kind, names);
  made.prepare = [](Scene&) {
    if (const auto possible = network::GuestNetworks::probe(); !possible)
      throw LeftOut("guests get no networks of their own here: " + possible.error().message);
  };
  made.plant = std::move(plant);
  return made;
}

Fault device_down() {
  return fault("a network that fails", CauseKind::network_failed, "layer device", [](Scene& scene) {
    scene.start();
    scene.wait_for("child.ready", "subject");
    const auto acquired = scene.events.first([](const Json& event) {
      return event.value("kind", "") == "resource.acquired" && event["data"]["kind"] == "network";
    });
    if (!acquired) throw std::runtime_error("the guest has no network of its own");
    scene.mark();
    needed(needed(Netlink::open()).bring_down(acquired->what["data"]["name"]));
  });
}

Fault taken_address() {
  auto made = fault("an address that is taken", CauseKind::address_in_use, foreign_device,
                    [](Scene& scene) {
                      scene.mark();
                      scene.start();
                    });
  made.prepare = [check = made.prepare](Scene& scene) {
    check(scene);
    scene.options.set.emplace_back("network.pool", "10.199.7.0/29");
    auto netlink = needed(Netlink::open());
    scene.undo = [] { needed(needed(Netlink::open()).remove_device(foreign_device)); };
    needed(netlink.add_pair("replay-end", foreign_device, needed(network::own_namespace()).get()));
    needed(netlink.bring_up(foreign_device, ""));
    for (int host = 1; host <= 6; ++host)  // the fresh guest's as well
      needed(netlink.add_host_route(foreign_device, "10.199.7." + std::to_string(host)));
  };
  return made;
}

}  // namespace

std::vector<Fault> faults_of_networks() {
  return {device_down(), taken_address()};
}

}  // namespace aerie::replay
