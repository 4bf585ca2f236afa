#include "guest/hardening.hpp"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstddef>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include "runtime/process/unique_fd.hpp"

namespace {

struct AbstractAddress {
  explicit AbstractAddress(const std::string& name) {
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
    length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  }
  [[nodiscard]] const sockaddr* generic() const {
    return reinterpret_cast<const sockaddr*>(&address);
  }

  sockaddr_un address{};
  socklen_t length = 0;
};

aerie::UniqueFd listen_at(const AbstractAddress& address) {
  aerie::UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (::bind(fd.get(), address.generic(), address.length) != 0 || ::listen(fd.get(), 1) != 0)
    fd.reset();
  return fd;
}

/// 0, or why connecting failed.
int connect_to(const AbstractAddress& address) {
  const aerie::UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  return ::connect(fd.get(), address.generic(), address.length) == 0 ? 0 : errno;
}

}  // namespace

TEST_CASE("a guest reaches its own abstract sockets and nobody else's", "[guest]") {
  const auto name = "aerie-test-" + std::to_string(::getpid());
  const AbstractAddress foreign{name + "-foreign"};
  const AbstractAddress own{name + "-own"};
  const auto listener = listen_at(foreign);
  REQUIRE(listener);
  CHECK(connect_to(foreign) == 0);

  bool is_fenced = false;
  int to_foreign = 0;
  int to_own = -1;
  // Both the promise and the fence are a thread's own and what it starts.
  std::thread guest{[&] {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    is_fenced = aerie::guest::forbid_foreign_abstract_sockets();
    const auto mine = listen_at(own);
    to_foreign = connect_to(foreign);
    to_own = connect_to(own);
  }};
  guest.join();
  CHECK(to_own == 0);
  CHECK(to_foreign == (is_fenced ? EPERM : 0));
}
