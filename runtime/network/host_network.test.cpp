#include "runtime/network/host_network.hpp"

#include <catch2/catch.hpp>
#include <sched.h>
#include <thread>

#include "runtime/network/network_world.test.hpp"

using namespace aerie;
using namespace aerie::network;
using namespace aerie::network::testing;

namespace {

constexpr std::uint16_t port = 4000;

/// A host with its internet, its guests' networks, and one guest.
struct World {
  explicit World(NetworkPolicy policy, std::vector<Destination> destinations = {})
      : host(own_namespace().value()),
        network(HostNetwork::open(options_of("abc123")).value()),
        guest(network.attach(request_of(0, policy), std::move(destinations)).value()) {}

  /// Whether a datagram of the guest arrives where this socket listens.
  [[nodiscard]] bool arrives(const Socket& listener, const std::string& address) const {
    const auto sender = Socket::bound(guest.device.get(), SOCK_DGRAM, "", 0);
    sender.send("knock", address, listener.port());
    wait_for_packets_of(guest);
    return listener.has_something();
  }
  [[nodiscard]] bool connects(const std::string& address, std::uint16_t to) const {
    const auto socket = Socket::connecting(guest.device.get(), address, to);
    wait_for_packets_of(guest);
    return socket.is_connected_by_now();
  }

  Internet internet;
  UniqueFd host;
  HostNetwork network;
  GuestNetwork guest;
};

}  // namespace

TEST_CASE("a guest reaches the internet with its host's address", "[network]") {
  if (!can_make_networks()) return;
  on_a_host([] {
    const World world{NetworkPolicy::internet};
    const auto server = Socket::bound(world.internet.name_space(), SOCK_STREAM, "", port);
    const auto client =
        Socket::connecting(world.guest.device.get(), Internet::server_address, port);
    CHECK(client.is_connected());
    CHECK(server.accept_from() == Internet::host_address);
  });
}

TEST_CASE("a guest reaches neither its host nor link-local addresses", "[network]") {
  if (!can_make_networks()) return;
  on_a_host([] {
    World world{NetworkPolicy::internet};
    const auto datagrams = Socket::bound(world.host.get(), SOCK_DGRAM, "", port);
    const auto streams = Socket::bound(world.host.get(), SOCK_STREAM, "", port);
    for (const std::string address : {"127.0.0.1", Internet::host_address, next_hop, "0.0.0.0",
                                      "255.255.255.255", "224.0.0.1"}) {
      CAPTURE(address);
      CHECK_FALSE(world.arrives(datagrams, address));
    }
    CHECK_FALSE(world.connects(Internet::host_address, port));
    CHECK_FALSE(world.connects(next_hop, port));

    constexpr const char* metadata = "169.254.169.254";
    world.internet.add_address(metadata);
    const auto service = Socket::bound(world.internet.name_space(), SOCK_DGRAM, metadata, port);
    CHECK_FALSE(world.arrives(service, metadata));
    const auto server = Socket::bound(world.internet.name_space(), SOCK_DGRAM, "", port + 1);
    CHECK(world.arrives(server, Internet::server_address));
  });
}

TEST_CASE("a guest does not reach another, of the same controller or of another", "[network]") {
  if (!can_make_networks()) return;
  on_a_host([] {
    World world{NetworkPolicy::internet};
    const auto other = world.network.attach(request_of(1, NetworkPolicy::internet), {});
    REQUIRE(other);
    const auto listener = Socket::bound(other->device.get(), SOCK_DGRAM, "", port);
    CHECK_FALSE(world.arrives(listener, other->address));

    auto options = options_of("def456");
    options.pool = "10.78.0.0/16";
    auto others = HostNetwork::open(options);
    REQUIRE(others);
    auto request = request_of(0, NetworkPolicy::internet);
    request.address = "10.78.0.1";
    const auto strange = others->attach(request, {});
    REQUIRE(strange);
    const auto there = Socket::bound(strange->device.get(), SOCK_DGRAM, "", port);
    CHECK_FALSE(world.arrives(there, strange->address));
    CHECK(others->close());
  });
}

TEST_CASE("a guest can't send from an address that is not its own", "[network]") {
  if (!can_make_networks()) return;
  on_a_host([] {
    const World world{NetworkPolicy::internet};
    const auto server = Socket::bound(world.internet.name_space(), SOCK_DGRAM, "", port);
    constexpr const char* spoofed = "10.77.0.200";
    bool is_added = false;
    std::thread{[&] {
      if (::setns(world.guest.device.get(), CLONE_NEWNET) != 0) return;
      auto netlink = Netlink::open();
      is_added = netlink && netlink->add_address("eth0", spoofed, Netlink::Reach::everywhere);
    }}.join();
    REQUIRE(is_added);
    const auto sender = Socket::bound(world.guest.device.get(), SOCK_DGRAM, spoofed, 0);
    sender.send("knock", Internet::server_address, port);
    wait_for_packets_of(world.guest);
    CHECK_FALSE(server.has_something());
    CHECK(world.arrives(server, Internet::server_address));
  });
}

TEST_CASE("a guest whose policy is none reaches nothing, but is reached by its host", "[network]") {
  if (!can_make_networks()) return;
  on_a_host([] {
    const World world{NetworkPolicy::none};
    const auto server = Socket::bound(world.internet.name_space(), SOCK_DGRAM, "", port);
    const auto streams = Socket::bound(world.internet.name_space(), SOCK_STREAM, "", port);
    CHECK_FALSE(world.arrives(server, Internet::server_address));
    CHECK_FALSE(world.connects(Internet::server_address, port));
    const auto inside = Socket::bound(world.guest.device.get(), SOCK_STREAM, "", port);
    CHECK(Socket::connecting(world.host.get(), world.guest.address, port).is_connected());
  });
}

TEST_CASE("a guest whose policy is a list reaches what is on it", "[network]") {
  if (!can_make_networks()) return;
  on_a_host([] {
    World world{NetworkPolicy::list, {{Internet::server_address, port}}};
    const auto server = Socket::bound(world.internet.name_space(), SOCK_DGRAM, "", port);
    const auto streams = Socket::bound(world.internet.name_space(), SOCK_STREAM, "", port);
    const auto other_port = Socket::bound(world.internet.name_space(), SOCK_DGRAM, "", port + 1);
    CHECK(world.arrives(server, Internet::server_address));
    CHECK(world.connects(Internet::server_address, port));
    CHECK_FALSE(world.arrives(other_port, Internet::server_address));

    world.internet.add_address("198.51.100.9");
    const auto elsewhere =
        Socket::bound(world.internet.name_space(), SOCK_DGRAM, "198.51.100.9", 4100);
    CHECK_FALSE(world.arrives(elsewhere, "198.51.100.9"));

    world.internet.add_address("198.51.100.53");
    const auto resolver =
        Socket::bound(world.internet.name_space(), SOCK_DGRAM, "198.51.100.53", 53);
    CHECK(world.arrives(resolver, "198.51.100.53"));
  });
}

TEST_CASE("nobody outside reaches a guest, but by its media ports", "[network]") {
  if (!can_make_networks()) return;
  on_a_host([] {
    const Internet internet;
    auto options = options_of("abc123");
    options.public_address = Internet::host_address;
    options.media_ports = PortRange{50'000, 50'031};
    auto network = HostNetwork::open(options);
    REQUIRE(network);
    const auto guest = network->attach(request_of(0, NetworkPolicy::none), {});
    REQUIRE(guest);
    REQUIRE(guest->media_ports == PortRange{50'000, 50'015});
    const auto media = Socket::bound(guest->device.get(), SOCK_DGRAM, "", 50'003);
    const auto other = Socket::bound(guest->device.get(), SOCK_DGRAM, "", 50'020);
    const auto viewer = Socket::bound(internet.name_space(), SOCK_DGRAM, "", 0);
    viewer.send("knock", guest->address, 50'003);
    viewer.send("knock", Internet::host_address, 50'020);
    viewer.send("check", Internet::host_address, 50'003);
    const auto received = media.receive();
    CHECK(received.text == "check");
    CHECK(received.address == Internet::server_address);
    CHECK_FALSE(other.has_something());
    media.send("answer", received.address, received.port);
    const auto answer = viewer.receive();
    CHECK(answer.address == Internet::host_address);
    CHECK(answer.port == 50'003);

    const auto host = own_namespace();
    const auto local = Socket::bound(host->get(), SOCK_DGRAM, "", 0);
    local.send("from the host", Internet::host_address, 50'003);
    CHECK(media.receive().text == "from the host");

    CHECK(network->attach(request_of(1, NetworkPolicy::none), {}));
    const auto third = network->attach(request_of(2, NetworkPolicy::none), {});
    REQUIRE_FALSE(third);
    CHECK(third.error().kind == CauseKind::quota);
    CHECK(third.error().message.find("2 guests of 16 ports") != std::string::npos);
    REQUIRE(network->detach(guest->interface));
    CHECK(network->attach(request_of(3, NetworkPolicy::none), {})->media_ports ==
          PortRange{50'000, 50'015});
  });
}

TEST_CASE("fifty guests come and go, and nothing is left", "[network]") {
  if (!can_make_networks()) return;
  on_a_host([] {
    const Internet internet;
    REQUIRE(write_setting("ipv4/conf/up0/forwarding", "0"));
    {
      auto network = HostNetwork::open(options_of("abc123"));
      REQUIRE(network);
      CHECK(network->changed() == std::vector<std::string>{"up0"});
      CHECK(read_setting("ipv4/conf/up0/forwarding") == "1");
      CHECK(read_setting("ipv4/conf/lo/forwarding") == "0");
      std::vector<GuestNetwork> guests;
      for (int slot = 0; slot < 50; ++slot) {
        auto request =
            request_of(slot, slot % 2 == 0 ? NetworkPolicy::internet : NetworkPolicy::list);
        request.vm = "vm " + std::to_string(slot);
        auto guest = network->attach(request, {{"198.51.100.2", 80}, {"198.51.100.2", 443}});
        REQUIRE(guest);
        guests.push_back(std::move(*guest));
      }
      CHECK(network->survey().size() == 50);
      CHECK(network->survey().front().vm == "vm 0");
      REQUIRE(network->close());  // there are guests: everything stays
      CHECK(network->survey().size() == 50);
      for (const auto& guest : guests)
        REQUIRE(network->detach(guest.interface));
      CHECK(network->survey().empty());
      const auto listed = run_nft({"list", "table", "inet", "aerie_abc123"}, "");
      REQUIRE(listed);
      CHECK(listed->find("aeabc123-1") == std::string::npos);
      REQUIRE(network->close());
    }
    CHECK(run_nft({"list", "ruleset"}, "")->empty());
    CHECK(Netlink::open()->devices()->size() == 2);  // loopback and the uplink
    CHECK(read_setting("ipv4/conf/up0/forwarding") == "0");
  });
}

TEST_CASE("what one controller opened stays open while another needs it", "[network]") {
  if (!can_make_networks()) return;
  on_a_host([] {
    const Internet internet;
    REQUIRE(write_setting("ipv4/conf/up0/forwarding", "0"));
    auto first = HostNetwork::open(options_of("abc123"));
    auto second = HostNetwork::open(options_of("def456"));
    REQUIRE(first);
    REQUIRE(second);
    REQUIRE(first->close());
    CHECK(read_setting("ipv4/conf/up0/forwarding") == "1");
    REQUIRE(second->close());
    CHECK(read_setting("ipv4/conf/up0/forwarding") == "0");
  });
}

TEST_CASE("the next controller finds the networks of the one before", "[network]") {
  if (!can_make_networks()) return;
  on_a_host([] {
    const Internet internet;
    auto options = options_of("abc123");
    options.public_address = Internet::host_address;
    options.media_ports = PortRange{50'000, 50'031};
    const auto request = request_of(3, NetworkPolicy::internet);
    const auto guest = HostNetwork::open(options)->attach(request, {});
    REQUIRE(guest);

    auto next = HostNetwork::open(options);
    REQUIRE(next);
    const auto found = next->survey();
    REQUIRE(found.size() == 1);
    CHECK(found.front().vm == request.vm);
    CHECK(found.front().address == request.address);
    const auto adopted = next->adopt(request);
    REQUIRE(adopted);
    CHECK(adopted->interface == guest->interface);
    CHECK(adopted->media == guest->media);
    CHECK(adopted->media_ports == guest->media_ports);
    CHECK_FALSE(adopted->device);

    const auto again = next->attach(request, {});
    REQUIRE_FALSE(again);
    CHECK(again.error().kind == CauseKind::address_in_use);
    auto same_address = request;
    same_address.slot = 4;
    const auto twice = next->attach(same_address, {});
    REQUIRE_FALSE(twice);
    CHECK(twice.error().kind == CauseKind::address_in_use);
    CHECK(twice.error().message.find(request.address) != std::string::npos);
    auto own = request_of(5, NetworkPolicy::internet);
    own.address = Internet::host_address;
    CHECK(next->attach(own, {}).error().kind == CauseKind::address_in_use);
    CHECK(next->survey().size() == 1);  // what failed left nothing

    // The guest died meanwhile: its device is gone, its elements are not.
    REQUIRE(Netlink::open()->remove_device(guest->interface));
    const auto gone = next->adopt(request);
    REQUIRE_FALSE(gone);
    CHECK(gone.error().kind == CauseKind::network_failed);
    CHECK(next->survey().size() == 1);
    CHECK(next->attach(request, {}));
  });
}

TEST_CASE("a tap is there as long as its descriptor", "[network]") {
  if (!can_make_networks()) return;
  on_a_host([] {
    const Internet internet;
    auto network = HostNetwork::open(options_of("abc123"));
    REQUIRE(network);
    auto request = request_of(0, NetworkPolicy::internet);
    request.device = GuestNetworkRequest::Device::tap;
    auto guest = network->attach(request, {});
    if (!guest && guest.error().message.find("/dev/net/tun") != std::string::npos) {
      WARN("skipped: " + guest.error().message);
      return;
    }
    REQUIRE(guest);
    auto netlink = Netlink::open();
    REQUIRE(netlink);
    CHECK((*netlink->find_device(guest->interface))->is_up);
    CHECK(*netlink->host_route_of(guest->address) == guest->interface);
    CHECK(*netlink->addresses_of(guest->interface) == std::vector<std::string>{next_hop});
    guest->device.reset();
    CHECK_FALSE(netlink->find_device(guest->interface)->has_value());
    CHECK(network->detach(guest->interface));
    CHECK(network->survey().empty());
  });
}
