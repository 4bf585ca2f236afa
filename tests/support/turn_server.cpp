#include "tests/support/turn_server.hpp"

#include <array>
#include <csignal>
#include <future>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/time.h>

#include "messages/cause.hpp"
#include "runtime/process/unique_fd.hpp"
#include "tests/support/deadline.hpp"

namespace aerie::test {
namespace {

constexpr const char* user = "aerie";
constexpr const char* secret = "a-secret-for-tests";

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

/// A UDP port that nobody has at the moment.
std::uint16_t free_port() {
  const UniqueFd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  auto address = loopback(0);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.get(), generic, size) != 0 || ::getsockname(socket.get(), generic, &size) != 0)
    throw std::runtime_error("no port is free");
  return ntohs(address.sin_port);
}

/// Whether a STUN binding request (RFC 5389, section 7) is answered within a tenth of a second.
bool answers(std::uint16_t port) {
  const UniqueFd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const timeval patience_of_one{0, 100'000};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience_of_one, sizeof patience_of_one);
  const auto address = loopback(port);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return false;
  const std::array<unsigned char, 20> request{0,   1,   0,   0,   0x21, 0x12, 0xa4, 0x42, 'a', 'e',
                                              'r', 'i', 'e', '-', 't',  'e',  's',  't',  '-', '1'};
  std::array<unsigned char, 512> reply{};
  return ::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) > 0 &&
         ::recv(socket.get(), reply.data(), reply.size(), 0) > 0;
}

}  // namespace

TurnServer::TurnServer() : port_(free_port()) {
  SpawnRequest request;
  request.argv = {"turnserver",
                  "-n",
                  "--listening-ip=127.0.0.1",
                  "--listening-port=" + std::to_string(port_),
                  "--relay-ip=127.0.0.1",
                  "--lt-cred-mech",
                  std::string{"--user="} + user + ":" + secret,
                  "--realm=aerie",
                  "--no-tls",
                  "--no-dtls",
                  "--allow-loopback-peers",
                  "--no-cli",
                  "--log-file=stdout",
                  "--pidfile=" + (folder_.path() / "pid").string(),
                  "--userdb=" + (folder_.path() / "users").string()};
  request.env = {{"PATH", "/usr/bin:/bin"}};
  request.cwd = folder_.path();
  request.parent_death_signal = SIGKILL;
  const auto ending = std::make_shared<std::promise<std::string>>();
  ProcessEvents events;
  events.on_exit = [ending](const ExitRecord& exit) { ending->set_value(exit.message); };
  std::string failure;
  reactor_.call([&] {
    auto started = Process::start(reactor_, "turnserver", request, events);
    if (started)
      process_ = std::move(*started);
    else
      failure = started.error().message;
  });
  auto ended = ending->get_future();
  const Deadline deadline(patience);
  while (failure.empty() && !answers(port_)) {
    if (ended.wait_for(std::chrono::milliseconds{20}) == std::future_status::ready)
      failure = ended.get();
    else if (deadline.left() == std::chrono::milliseconds{0})
      failure = "it does not answer";
  }
  if (!failure.empty()) throw std::runtime_error("no TURN server: " + failure);
}

TurnServer::~TurnServer() {
  reactor_.call([this] { process_.reset(); });
}

std::string TurnServer::ice_servers() const {
  return Json::array({{{"urls", "turn:127.0.0.1:" + std::to_string(port_)},
                       {"username", user},
                       {"credential", secret}}})
      .dump();
}

}  // namespace aerie::test
