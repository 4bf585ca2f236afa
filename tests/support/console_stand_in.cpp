#include "tests/support/console_stand_in.hpp"

#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/support/deadline.hpp"

namespace aerie::test {
namespace {

void wait_for(int fd, const Deadline& deadline) {
  pollfd waited{fd, POLLIN, 0};
  if (::poll(&waited, 1, static_cast<int>(deadline.left().count())) != 1)
    throw std::runtime_error("nobody watches");
}

}  // namespace

ConsoleStandIn::ConsoleStandIn(const std::string& state)
    : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = state + "/console.sock";
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_.get(), 1) != 0)
    throw std::runtime_error("no socket at " + path);
}

void ConsoleStandIn::wait_for_watch() {
  const Deadline deadline(patience);
  wait_for(listener_.get(), deadline);
  client_.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  std::string line;
  for (char byte = 0; byte != '\n'; line += byte) {
    wait_for(client_.get(), deadline);
    if (::recv(client_.get(), &byte, 1, 0) != 1) throw std::runtime_error("the client has gone");
  }
  const auto command = Json::parse(line);
  if (command.at("line") != "watch") throw std::runtime_error("it wants: " + line);
  id_ = command.at("id");
}

void ConsoleStandIn::tell(const Json& item) {
  const auto line = Json{{"id", id_}, {"item", item}}.dump() + "\n";
  for (std::size_t sent = 0; sent < line.size();) {
    const auto count = ::send(client_.get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) throw std::runtime_error("the client has gone");
    sent += static_cast<std::size_t>(count);
  }
}

}  // namespace aerie::test
