#include "runtime/process/frame_socket.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <memory>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/process/temporary_directory.hpp"
#include "runtime/process/unix_socket.hpp"
#include "runtime/process/waiting.hpp"

using aerie::Cause;
using aerie::CauseKind;
using aerie::FrameSocket;
using aerie::Json;
using aerie::Reactor;
using aerie::testing::Eventually;

namespace {

/// A frame socket whose other end the test holds raw.
struct Fixture {
  Fixture() {
    auto [near, other] = std::move(*aerie::unix_socket_pair());
    far = std::move(other);
    reactor.call([&, fd = &near] {
      socket = std::make_unique<FrameSocket>(
          reactor, std::move(*fd),
          FrameSocket::Events{[this](Json message) {
                                messages.push_back(message);
                                if (messages.size() == expected) all.set(true);
                              },
                              [this](Cause cause) { closed.set(std::move(cause)); }});
    });
  }
  ~Fixture() {
    reactor.call([this] { socket.reset(); });
  }

  void write(const std::string& bytes) const {
    REQUIRE(::send(far.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }

  aerie::UniqueFd far;
  std::vector<Json> messages;
  std::size_t expected = 0;
  Eventually<bool> all;
  Eventually<Cause> closed;
  std::unique_ptr<FrameSocket> socket;
  Reactor reactor;
};

}  // namespace

TEST_CASE("messages travel both ways", "[frame_socket]") {
  Fixture fixture;
  fixture.expected = 2;
  fixture.write(*aerie::encode_frame({{"n", 1}}) + *aerie::encode_frame({{"n", 2}}));
  fixture.all.get();
  CHECK(fixture.messages == std::vector<Json>{{{"n", 1}}, {{"n", 2}}});
  fixture.reactor.call([&] { CHECK(fixture.socket->send({{"n", 3}})); });
  std::string bytes(64, '\0');
  bytes.resize(static_cast<std::size_t>(::recv(fixture.far.get(), bytes.data(), bytes.size(), 0)));
  CHECK(bytes == *aerie::encode_frame({{"n", 3}}));
}

TEST_CASE("what a peer said before it went is heard, then its end", "[frame_socket]") {
  Fixture fixture;
  fixture.expected = 1;
  fixture.write(*aerie::encode_frame({{"n", 1}}));
  fixture.far.reset();
  CHECK(fixture.closed.get().kind == CauseKind::link_lost);
  CHECK(fixture.messages.size() == 1);
}

TEST_CASE("a peer that breaks the protocol is closed", "[frame_socket]") {
  Fixture fixture;
  fixture.write(std::string("\xff\xff\xff\xff", 4));
  CHECK(fixture.closed.get().kind == CauseKind::link_violation);
  fixture.reactor.call([&] {
    CHECK_FALSE(fixture.socket->is_open());
    CHECK_FALSE(fixture.socket->send({{"n", 1}}));
  });
}

TEST_CASE("a peer that does not read is given up at the queue's bound", "[frame_socket]") {
  Fixture fixture;
  const Json large{{"data", std::string(60'000, 'x')}};
  fixture.reactor.call([&] {
    std::size_t sent = 0;
    while (fixture.socket->send(large)) {
      CHECK(fixture.socket->queued() <= aerie::max_queued_bytes);
      ++sent;
    }
    CHECK(sent >= aerie::max_queued_bytes / 60'100);
  });
  CHECK(fixture.closed.get().kind == CauseKind::quota);
}

TEST_CASE("a queue drains when the peer reads again", "[frame_socket]") {
  Fixture fixture;
  constexpr std::size_t count = 15;
  const Json large{{"data", std::string(60'000, 'x')}};
  const auto total = count * aerie::encode_frame(large)->size();
  fixture.reactor.call([&] {
    for (std::size_t i = 0; i < count; ++i)
      CHECK(fixture.socket->send(large));
  });
  REQUIRE(::fcntl(fixture.far.get(), F_SETFL, 0) == 0);
  std::string buffer(64 * 1024, '\0');
  std::size_t got = 0;
  while (got < total) {
    const auto size = ::recv(fixture.far.get(), buffer.data(), buffer.size(), 0);
    REQUIRE(size > 0);
    got += static_cast<std::size_t>(size);
  }
  CHECK(got == total);
  fixture.reactor.call([&] { CHECK(fixture.socket->queued() == 0); });
}

TEST_CASE("listening sockets replace stale ones, not live ones", "[frame_socket]") {
  const aerie::testing::TemporaryDirectory directory;
  const auto path = directory.path() + "/s";
  {
    const auto first = aerie::listen_unix(path);
    REQUIRE(first);
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
    const auto second = aerie::listen_unix(path);
    REQUIRE_FALSE(second);
    CHECK(second.error().kind == CauseKind::address_in_use);
    CHECK(aerie::connect_unix(path));
    CHECK(aerie::accept_unix(first->get()));
  }
  CHECK(aerie::connect_unix(path).error().kind == CauseKind::link_lost);
  CHECK(aerie::listen_unix(path));
  const std::string longest = directory.path() + "/" + std::string(108, 'x');
  CHECK_THAT(aerie::listen_unix(longest).error().message, Catch::Contains("107"));
  CHECK_FALSE(aerie::connect_unix(longest));
}
