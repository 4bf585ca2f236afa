#include "runtime/drivers/guest_media.hpp"

#include <catch2/catch.hpp>

#include "runtime/network/network_world.test.hpp"
#include "runtime/process/waiting.hpp"

using namespace aerie;
using namespace aerie::network::testing;
using aerie::testing::Eventually;

namespace {

Json peer(unsigned epoch, const char* state) {
  return {{"type", "peer"}, {"epoch", epoch}, {"state", state}};
}

Json candidate(const char* address) {
  return {{"type", "candidate"},
          {"epoch", 1},
          {"candidate", std::string{"candidate:1 1 UDP 1 "} + address + " 50001 typ host"}};
}

/// A guest's network, and the first failure and the first recovery that its media tells.
struct Attached {
  Attached() {
    REQUIRE(networks);
    Eventually<Result<network::GuestNetwork>> attached;
    (*networks)->attach(request_of(0, NetworkPolicy::none),
                        [&](auto made) { attached.set(std::move(made)); });
    auto network = attached.get();
    REQUIRE(network);
    interface = network->interface;
    reactor.call([&] {
      media = std::make_shared<GuestMedia>(
          reactor, networks->get(), std::move(*network), [this](std::optional<Cause> failure) {
            std::exchange(next, &recovered)->set(std::move(failure));
          });
    });
  }
  ~Attached() {
    reactor.call([&] { media.reset(); });
  }

  void check_failure() {
    const auto failure = failed.get();
    REQUIRE(failure);
    CHECK(failure->kind == CauseKind::network_failed);
    CHECK_THAT(failure->message, Catch::Contains("layer device") && Catch::Contains(interface));
  }
  void check_recovery(unsigned epoch) {
    reactor.call([&] { (void)media->pass(peer(epoch, "connected")); });
    CHECK_FALSE(recovered.get());
  }

  Internet internet;
  Result<std::shared_ptr<network::GuestNetworks>> networks =
      network::GuestNetworks::open(options_of("abc123"));
  std::string interface;
  Eventually<std::optional<Cause>> failed;
  Eventually<std::optional<Cause>> recovered;
  Eventually<std::optional<Cause>>* next = &failed;
  Reactor reactor;
  std::shared_ptr<GuestMedia> media;
};

}  // namespace

TEST_CASE("candidates of a guest are mapped, those that lead nowhere left out", "[guest-media]") {
  Reactor reactor;
  network::GuestNetwork network;
  network.media = network::MediaMap{{{"10.0.2.15", {50'000, 50'015}, "127.0.0.1", 41'000}}};
  const auto media = std::make_shared<GuestMedia>(
      reactor, nullptr, std::move(network), [](const auto&) { FAIL("nothing was looked at"); });
  CHECK(media->pass(candidate("10.0.2.15"))->at("candidate") ==
        "candidate:1 1 UDP 1 127.0.0.1 41001 typ host");
  CHECK_FALSE(media->pass(candidate("127.0.0.1")));
  CHECK(media->pass(peer(1U, "failed")) == peer(1U, "failed"));
}

TEST_CASE("where a peer never connected the failing layer is told, until one connects",
          "[guest-media][network]") {
  if (!can_make_networks()) return;
  on_a_host([] {
    Attached guest;
    REQUIRE(network::Netlink::open()->bring_down(guest.interface));
    guest.reactor.call([&] {
      CHECK(guest.media->pass(peer(1U, "connected")));
      CHECK(guest.media->pass(peer(1U, "failed")));  // had worked: nothing is looked at
      CHECK(guest.media->pass(peer(2U, "failed")));
    });
    guest.check_failure();
    guest.check_recovery(3U);
  });
}

TEST_CASE("a guest's device that goes down is told without a peer's failure",
          "[guest-media][network]") {
  if (!can_make_networks()) return;
  on_a_host([] {
    Attached guest;
    guest.reactor.call([&] { guest.media->watch_device(); });
    // Whoever is answered here was asked after the watch began.
    Eventually<std::size_t> surveyed;
    (*guest.networks)->survey([&](auto found) { surveyed.set(found.size()); });
    REQUIRE(surveyed.get() == 1);
    REQUIRE(network::Netlink::open()->bring_down(guest.interface));
    guest.check_failure();
    guest.check_recovery(1U);
  });
}
