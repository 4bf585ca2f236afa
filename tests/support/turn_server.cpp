#include "tests/support/turn_server.hpp"

#include <csignal>
#include <future>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>

#include "messages/cause.hpp"
#include "runtime/process/unique_fd.hpp"
#include "tests/support/deadline.hpp"

namespace aerie::test {
namespace {

constexpr const char* user = "aerie";
constexpr const char* secret = "a-secret-for-tests";

/// A UDP port that nobody has at the moment.
std::uint16_t free_port() {
  const UniqueFd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.get(), generic, size) != 0 || ::getsockname(socket.get(), generic, &size) != 0)
    throw std::runtime_error("no port is free");
  return ntohs(address.sin_port);
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
  auto listening = std::make_shared<std::promise<std::string>>();
  auto told = std::make_shared<bool>(false);
  ProcessEvents events;
  events.on_lines = [=](const std::vector<LogLine>& lines) {
    for (const auto& line : lines)
      if (line.text.find("UDP listener opened") != std::string::npos && !std::exchange(*told, true))
        listening->set_value("");
  };
  events.on_exit = [=](const ExitRecord& exit) {
    if (!std::exchange(*told, true)) listening->set_value(exit.message);
  };
  std::string failure;
  reactor_.call([&] {
    auto started = Process::start(reactor_, "turnserver", request, events);
    if (started)
      process_ = std::move(*started);
    else
      failure = started.error().message;
  });
  auto outcome = listening->get_future();
  if (failure.empty() && outcome.wait_for(patience) == std::future_status::ready)
    failure = outcome.get();
  else if (failure.empty())
    failure = "it does not listen";
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
