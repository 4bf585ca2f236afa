#include "runtime/network/layer_check.hpp"

#include <catch2/catch.hpp>
#include <sched.h>
#include <thread>

#include "runtime/network/network_world.test.hpp"
#include "runtime/process/waiting.hpp"

using namespace aerie;
using namespace aerie::network;
using namespace aerie::network::testing;
using aerie::testing::Eventually;

namespace {

/// A host with one guest, looked at from the host.
struct World {
  World()
      : network(HostNetwork::open(options_of("abc123")).value()),
        guest(network.attach(request_of(0, NetworkPolicy::none), {}).value()) {}

  /// On a thread that inherits the caller's namespace, as a reactor's does.
  std::optional<Cause> check() {
    Reactor reactor;
    Eventually<std::optional<Cause>> checked;
    reactor.call([&] {
      LayerCheck::run(reactor, {guest.interface, guest.address, guest.next_hop},
                      [&](std::optional<Cause> failure) { checked.set(std::move(failure)); });
    });
    return checked.get();
  }

  void in_guest(const std::function<void()>& task) const {
    std::thread{[&] {
      if (::setns(guest.device.get(), CLONE_NEWNET) == 0) task();
    }}.join();
  }
  void filter_in_guest(const std::string& rule) const {
    Result<std::string> done;
    in_guest([&] {
      done = run_nft({"-f", "-"}, "table inet t { chain c { type filter hook input priority 0;\n" +
                                      rule + "\n}\n}\n");
    });
    REQUIRE(done);
  }

  Internet internet;
  HostNetwork network;
  GuestNetwork guest;
};

void check_names(const std::optional<Cause>& failure, const std::string& layer,
                 const std::string& word) {
  REQUIRE(failure);
  CHECK(failure->kind == CauseKind::network_failed);
  CHECK(failure->message.find("layer " + layer + ":") != std::string::npos);
  CHECK_THAT(failure->message, Catch::Contains(word));
  CHECK_FALSE(failure->remedy.empty());
}

}  // namespace

TEST_CASE("a guest's network in order has no failing layer", "[network][layers]") {
  if (!can_make_networks()) return;
  on_a_host([] { CHECK_FALSE(World{}.check()); });
}

TEST_CASE("a device that is gone, or down on either side, is named", "[network][layers]") {
  if (!can_make_networks()) return;
  on_a_host([] {
    World world;
    Result<void> is_down;
    world.in_guest([&] {
      auto netlink = Netlink::open();
      if (netlink) is_down = netlink->bring_down("eth0");
    });
    REQUIRE(is_down);
    check_names(world.check(), "device", "the guest's end of aeabc123-0");
    REQUIRE(Netlink::open()->bring_down(world.guest.interface));
    check_names(world.check(), "device", "aeabc123-0 is down");
    REQUIRE(Netlink::open()->remove_device(world.guest.interface));
    check_names(world.check(), "device", "no device aeabc123-0");
  });
}

TEST_CASE("an address or a route that is lost is named", "[network][layers]") {
  if (!can_make_networks()) return;
  on_a_host([] {
    World world;
    auto netlink = Netlink::open();
    REQUIRE(netlink);
    REQUIRE(netlink->remove_host_route(world.guest.interface, world.guest.address));
    check_names(world.check(), "address", "no route to 10.77.0.1");
    REQUIRE(netlink->add_host_route("up0", world.guest.address));
    check_names(world.check(), "address", "10.77.0.1 is routed to up0");
    REQUIRE(netlink->remove_address(world.guest.interface, next_hop));
    check_names(world.check(), "address", std::string{"has lost the address "} + next_hop);
  });
}

TEST_CASE("a guest that lost its address does not answer ARP", "[network][layers]") {
  if (!can_make_networks()) return;
  on_a_host([] {
    World world;
    Result<void> is_removed;
    world.in_guest([&] {
      auto netlink = Netlink::open();
      if (netlink) is_removed = netlink->remove_address("eth0", world.guest.address);
    });
    REQUIRE(is_removed);
    const auto failure = world.check();
    check_names(failure, "ARP", "nobody answers for 10.77.0.1");
    CHECK(failure->evidence.size() == 2);
  });
}

TEST_CASE("a guest that drops IP, or TCP alone, is named by that layer", "[network][layers]") {
  if (!can_make_networks()) return;
  on_a_host([] {
    World world;
    world.filter_in_guest("meta l4proto tcp drop");
    check_names(world.check(), "TCP", "was not answered");
    world.filter_in_guest("drop");
    const auto failure = world.check();
    check_names(failure, "IP", "no echo came back");
    CHECK(failure->evidence.back() == "ARP: 10.77.0.1 answers");
  });
}
