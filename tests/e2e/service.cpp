// The controller as a service: what it tells systemd, and what an installed one consists of.
#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "runtime/process/unique_fd.hpp"
#include "tests/support/deadline.hpp"
#include "tests/support/serve_process.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace std::chrono_literals;
using aerie::UniqueFd;
using aerie::test::Deadline;
using aerie::test::ServeProcess;
using aerie::test::TemporaryDirectory;

namespace {

/// Stands in for systemd: a socket that is told what becomes of a service (sd_notify(3)).
class Manager {
 public:
  explicit Manager(std::chrono::microseconds watchdog)
      : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = (folder_.path() / "notify").string();
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    ::setenv("WATCHDOG_USEC", std::to_string(watchdog.count()).c_str(), 1);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  ~Manager() {
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("WATCHDOG_USEC");
  }

  /// Waits for a word among what it is told.
  std::string wait_for(const std::string& word) {
    const Deadline deadline(aerie::test::patience);
    for (;;) {
      pollfd waited{fd_.get(), POLLIN, 0};
      if (::poll(&waited, 1, static_cast<int>(deadline.left().count())) != 1)
        throw std::runtime_error("systemd was never told " + word);
      std::array<char, 1024> text{};
      const auto count = ::recv(fd_.get(), text.data(), text.size(), 0);
      if (count <= 0) throw std::runtime_error("nothing can be received");
      std::string said(text.data(), static_cast<std::size_t>(count));
      if (said.find(word) != std::string::npos) return said;
    }
  }

  /// Waits without a word for as long; false where one came.
  bool is_silent(std::chrono::milliseconds time) {
    pollfd waited{fd_.get(), POLLIN, 0};
    return ::poll(&waited, 1, static_cast<int>(time.count())) == 0;
  }

 private:
  TemporaryDirectory folder_;
  UniqueFd fd_;
};

}  // namespace

TEST_CASE("systemd is told when the controller serves, that it lives, and that it ends",
          "[service]") {
  Manager manager(200ms);
  const TemporaryDirectory state;
  ServeProcess controller(state.path().string());
  const auto ready = manager.wait_for("READY=1");
  CHECK(ready.find(controller.address()) != std::string::npos);
  for (int i = 0; i < 3; ++i)
    manager.wait_for("WATCHDOG=1");
  controller.end(SIGTERM);
  manager.wait_for("STOPPING=1");
}

TEST_CASE("a controller that is stopped in its tracks does not claim to live", "[service]") {
  Manager manager(200ms);
  const TemporaryDirectory state;
  ServeProcess controller(state.path().string());
  manager.wait_for("WATCHDOG=1");
  ::kill(controller.pid(), SIGSTOP);
  while (!manager.is_silent(150ms))
    manager.wait_for("WATCHDOG=1");
  CHECK(manager.is_silent(600ms));
  ::kill(controller.pid(), SIGCONT);
  manager.wait_for("WATCHDOG=1");
}
