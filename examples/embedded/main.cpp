// Runs a controller inside this process, asks it over HTTP whether it is ready, and takes it down.
#include <aerie/embedded.hpp>
#include <arpa/inet.h>
#include <cstdint>
#include <iostream>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace {

/// One GET over a connection of its own: the whole answer, empty where there is none.
std::string get(const std::string& address, const std::string& target, const std::string& token) {
  const auto colon = address.rfind(':');
  sockaddr_in server{};
  server.sin_family = AF_INET;
  server.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
  ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &server.sin_addr);
  const int connection = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string answer;
  if (::connect(connection, reinterpret_cast<const sockaddr*>(&server), sizeof server) == 0) {
    const auto request = "GET " + target + " HTTP/1.1\r\nHost: " + address +
                         "\r\nAuthorization: Bearer " + token + "\r\nConnection: close\r\n\r\n";
    char chunk[4096];
    ssize_t count = ::send(connection, request.data(), request.size(), MSG_NOSIGNAL);
    while (count > 0 && (count = ::recv(connection, chunk, sizeof chunk, 0)) > 0)
      answer.append(chunk, static_cast<std::size_t>(count));
  }
  ::close(connection);
  return answer;
}

bool is_ok(const std::string& answer) {
  return answer.find(" 200 ") == 8;
}

}  // namespace

int main() {
  // Ready when it returns; a free port, a temporary state directory, gone with `controller`.
  aerie::EmbeddedOptions options;
  options.set = {{"limits.sessions", "2"}};
  auto [controller, error] = aerie::Embedded::start(options);
  if (controller == nullptr) {
    std::cerr << error.message << '\n' << error.remedy << '\n';
    return 1;
  }
  std::cout << "Aerie serves at " << controller->address() << '\n';
  const bool ready = is_ok(get(controller->address(), "/readyz", {}));
  const bool lists =
      is_ok(get(controller->address(), "/api/v1/sessions", controller->operator_token()));
  std::cout << (ready && lists ? "It is ready and lists its sessions.\n" : "It does not answer.\n");
  return ready && lists ? 0 : 1;
}
