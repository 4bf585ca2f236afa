#include "runtime/drivers/firecracker/vsock_connection.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "runtime/drivers/firecracker/fake_rig.test.hpp"

using namespace aerie::firecracker;
using aerie::CauseKind;
using aerie::Duration;
using aerie::Reactor;
using aerie::Result;
using aerie::UniqueFd;
using aerie::testing::Eventually;

namespace {

Result<UniqueFd> connect(Reactor& reactor, const std::string& path,
                         Duration patience = Duration{20'000}) {
  Eventually<Result<UniqueFd>> connected;
  std::unique_ptr<VsockConnection> connection;
  reactor.call([&] {
    connection = std::make_unique<VsockConnection>(
        reactor, path, 7000, patience,
        [&](Result<UniqueFd> result) { connected.set(std::move(result)); });
  });
  auto result = connected.get();
  reactor.call([&] { connection.reset(); });
  return result;
}

/// A server that says what it is told to whoever connects, and what it heard.
struct Scripted {
  explicit Scripted(std::string say) : says(std::move(say)) {
    reactor.call([this] {
      listener = std::move(*aerie::listen_unix(path));
      watch = std::move(*reactor.watch(listener.get(), EPOLLIN, [this](std::uint32_t) {
        peer = aerie::accept_unix(listener.get());
        ::send(peer.get(), says.data(), says.size(), MSG_NOSIGNAL);
        if (closes) peer.reset();
      }));
    });
  }
  ~Scripted() {
    reactor.call([this] { watch.reset(); });
  }
  aerie::testing::TemporaryDirectory directory;
  std::string path = directory.path() + "/v.sock";
  std::string says;
  bool closes = false;
  UniqueFd listener;
  UniqueFd peer;
  aerie::Watch watch;
  Reactor reactor;
};

/// Bytes that are there now.
std::string waiting_bytes(int fd) {
  std::array<char, 64> buffer{};
  const auto count = ::recv(fd, buffer.data(), buffer.size(), 0);
  return count > 0 ? std::string{buffer.data(), static_cast<std::size_t>(count)} : std::string{};
}

}  // namespace

TEST_CASE("a port of the guest is reached through Firecracker's socket", "[firecracker][vsock]") {
  UniqueFd guest_end;
  aerie::test::FakeFirecracker::Guest guest;
  Eventually<std::uint32_t> asked;
  guest.connect = [&](std::uint32_t port) {
    asked.set(port);
    auto pair = std::move(*aerie::unix_socket_pair());
    guest_end = std::move(pair.second);
    return std::move(pair.first);
  };
  FakeRig rig{std::move(guest)};
  REQUIRE(rig.follow(boot_plan(rig.settings())));
  const auto socket = connect(rig.ours, rig.path("v.sock"));
  REQUIRE(socket);
  CHECK(asked.get() == 7000);
  REQUIRE(::send(socket->get(), "hello", 5, MSG_NOSIGNAL) == 5);
  Eventually<std::string> heard;
  aerie::Watch watch;
  rig.ours.call([&] {
    watch = std::move(*rig.ours.watch(guest_end.get(), EPOLLIN, [&](std::uint32_t) {
      heard.set(waiting_bytes(guest_end.get()));
      watch.reset();
    }));
  });
  CHECK(heard.get() == "hello");
}

TEST_CASE("a port at which nobody listens is a lost link", "[firecracker][vsock]") {
  FakeRig rig;
  REQUIRE(rig.follow(boot_plan(rig.settings())));
  const auto socket = connect(rig.ours, rig.path("v.sock"));
  REQUIRE_FALSE(socket);
  CHECK(socket.error().kind == CauseKind::link_lost);
  CHECK(socket.error().message.find("nobody in the guest listens") != std::string::npos);
}

TEST_CASE("what follows the acknowledgement is left for who gets the socket",
          "[firecracker][vsock]") {
  Scripted server{"OK 1073741824\nfirst words"};
  const auto socket = connect(server.reactor, server.path);
  REQUIRE(socket);
  CHECK(waiting_bytes(socket->get()) == "first words");
}

TEST_CASE("an answer that is none is a lost link", "[firecracker][vsock]") {
  const auto* said = GENERATE("NO 1\n", "OK\n", "OK \n", "OK x\n", "OK 12345678901\n", "\n",
                              "OK 1073741824 and so on without any end of the line at all");
  Scripted server{said};
  const auto socket = connect(server.reactor, server.path);
  REQUIRE_FALSE(socket);
  CHECK(socket.error().kind == CauseKind::link_lost);
}

TEST_CASE("a guest that does not answer is named by the time it had", "[firecracker][vsock]") {
  Scripted server{"OK 107"};
  const auto socket = connect(server.reactor, server.path, Duration{20});
  REQUIRE_FALSE(socket);
  CHECK(socket.error().kind == CauseKind::link_timeout);
}

TEST_CASE("no socket is a lost link", "[firecracker][vsock]") {
  Reactor reactor;
  const auto socket = connect(reactor, "/nonexistent/v.sock");
  REQUIRE_FALSE(socket);
  CHECK(socket.error().kind == CauseKind::link_lost);
}
