#include "runtime/drivers/firecracker/socket_wait.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "runtime/process/temporary_directory.hpp"
#include "runtime/process/unix_socket.hpp"
#include "runtime/process/waiting.hpp"

using namespace aerie;
using aerie::firecracker::SocketWait;
using aerie::testing::Eventually;

namespace {

struct Rig {
  explicit Rig(Duration patience) {
    reactor.call([&] {
      wait = std::make_unique<SocketWait>(reactor, path, patience, [this](Result<UniqueFd> socket) {
        wait.reset();  // it may go within its own callback
        outcome.set(std::move(socket));
      });
    });
  }
  ~Rig() {
    reactor.call([this] { wait.reset(); });
  }
  testing::TemporaryDirectory directory;
  std::string path = directory.path() + "/run/api.sock";
  Eventually<Result<UniqueFd>> outcome;
  std::unique_ptr<SocketWait> wait;
  Reactor reactor;
};

}  // namespace

TEST_CASE("a socket is connected to as soon as its program listens", "[firecracker]") {
  Rig rig{Duration{20'000}};
  std::filesystem::create_directory(rig.directory.path() + "/run");
  const auto listener = listen_unix(rig.path);
  REQUIRE(listener);
  CHECK(rig.outcome.get());
}

TEST_CASE("a program that never listens is named by the time it had", "[firecracker]") {
  Rig rig{Duration{20}};
  const auto outcome = rig.outcome.get();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().kind == CauseKind::deadline);
  CHECK(outcome.error().message.find(rig.path) != std::string::npos);
}
