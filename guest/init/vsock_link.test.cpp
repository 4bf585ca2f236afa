#include "guest/init/vsock_link.hpp"

#include <catch2/catch.hpp>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "runtime/process/frame_socket.hpp"
#include "runtime/process/temporary_directory.hpp"
#include "runtime/process/unix_socket.hpp"
#include "runtime/process/waiting.hpp"

using aerie::Cause;
using aerie::FrameSocket;
using aerie::Json;
using aerie::Reactor;
using aerie::UniqueFd;
using aerie::Watch;
using aerie::init::MachineLink;
using aerie::init::VsockLink;
using aerie::testing::Eventually;

namespace {

/// A peer at one end of a link: what it hears, in order.
struct Peer {
  Peer(Reactor& reactor, UniqueFd fd)
      : socket(std::make_unique<FrameSocket>(
            reactor, std::move(fd),
            FrameSocket::Events{[this](const Json& message) { heard.set(message); },
                                [this](const Cause& cause) { closed.set(cause); }})) {}
  Eventually<Json> heard;
  Eventually<Cause> closed;
  std::unique_ptr<FrameSocket> socket;
};

/// The link between a listening Unix socket in place of a vsock's, and a stand-in for aerie-guest.
struct Fixture {
  Fixture() {
    reactor.call([this] {
      guest_listener = std::move(*aerie::listen_unix(guest_path));
      auto opened =
          VsockLink::open(reactor, std::move(*aerie::listen_unix(host_path)),
                          {[this](const Json& message) { birth.set(message); },
                           [this] { return std::move(*aerie::connect_unix(guest_path)); }});
      link = std::move(*opened);
      guest_watch = std::move(*reactor.watch(guest_listener.get(), EPOLLIN, [this](std::uint32_t) {
        guest = std::make_unique<Peer>(reactor, aerie::accept_unix(guest_listener.get()));
        guest_is_there.set(true);
        guest_watch.reset();
      }));
    });
  }
  ~Fixture() {
    reactor.call([this] {
      guest_watch.reset();
      guest.reset();
      link.reset();
    });
  }

  std::unique_ptr<Peer> connect_host() {
    std::unique_ptr<Peer> host;
    reactor.call([&] {
      host = std::make_unique<Peer>(reactor, std::move(*aerie::connect_unix(host_path)));
    });
    return host;
  }
  void say(Peer& peer, const Json& message) {
    reactor.call([&] { CHECK(peer.socket->send(message)); });
  }
  void end(std::unique_ptr<Peer>& peer) {
    reactor.call([&] { peer.reset(); });
  }

  aerie::testing::TemporaryDirectory directory;
  std::string host_path = directory.path() + "/host.sock";
  std::string guest_path = directory.path() + "/guest.sock";
  Eventually<Json> birth;
  Eventually<bool> guest_is_there;
  UniqueFd guest_listener;
  std::unique_ptr<Peer> guest;
  std::unique_ptr<MachineLink> link;
  Watch guest_watch;
  Reactor reactor;
};

}  // namespace

TEST_CASE("birth is for the machine, what follows a hello for aerie-guest", "[vsock_link]") {
  Fixture fixture;
  auto host = fixture.connect_host();
  fixture.say(*host, {{"type", "birth"}, {"secret", "00"}});
  fixture.say(*host, {{"type", "hello"}, {"version", 1}});
  CHECK(fixture.birth.get().at("secret") == "00");
  fixture.guest_is_there.get();
  CHECK(fixture.guest->heard.get().at("version") == 1);
  fixture.say(*fixture.guest, {{"type", "answer"}});
  CHECK(host->heard.get().at("type") == "answer");
  fixture.end(host);
  fixture.guest->closed.get();
}

TEST_CASE("the next host takes the place of the one before", "[vsock_link]") {
  Fixture fixture;
  auto first = fixture.connect_host();
  fixture.say(*first, {{"type", "hello"}});
  fixture.guest_is_there.get();
  auto second = fixture.connect_host();
  first->closed.get();
  fixture.guest->closed.get();
  fixture.say(*second, {{"type", "birth"}, {"secret", "11"}});
  CHECK(fixture.birth.get().at("secret") == "11");
  fixture.end(first);
  fixture.end(second);
}

TEST_CASE("a host that speaks no frames is let go", "[vsock_link]") {
  Fixture fixture;
  UniqueFd raw = std::move(*aerie::connect_unix(fixture.host_path));
  REQUIRE(::send(raw.get(), "\xff\xff\xff\xff", 4, MSG_NOSIGNAL) == 4);
  Eventually<bool> gone;
  Watch watch;
  fixture.reactor.call([&] {
    watch = std::move(*fixture.reactor.watch(raw.get(), EPOLLIN, [&](std::uint32_t) {
      char byte = 0;
      gone.set(::recv(raw.get(), &byte, 1, 0) == 0);
      watch.reset();
    }));
  });
  CHECK(gone.get());
}
