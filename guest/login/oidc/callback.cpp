#include "guest/login/oidc/callback.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace aerie::oidc {
namespace {

constexpr const char* path = "/callback";
constexpr std::size_t max_request = 64 * 1024;

tl::unexpected<Cause> failed(const std::string& what, int number) {
  const bool is_taken = number == EADDRINUSE;
  return tl::unexpected(Cause{is_taken ? CauseKind::port_in_use : CauseKind::network_failed,
                              what + ": " + std::strerror(number) + ".",
                              is_taken ? "End what listens there, or choose another port."
                                       : "Check that the loopback device is up.",
                              {}});
}

/// The target of a GET; none for anything else.
std::optional<std::string> read_target(int fd) {
  // A browser opens connections ahead and says nothing on them.
  const timeval patience{5, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string request;
  std::array<char, 4096> buffer;
  while (request.find("\r\n\r\n") == std::string::npos && request.size() < max_request) {
    const auto count = ::read(fd, buffer.data(), buffer.size());
    if (count <= 0) return std::nullopt;
    request.append(buffer.data(), static_cast<std::size_t>(count));
  }
  if (!request.starts_with("GET ")) return std::nullopt;
  const auto end = request.find(' ', 4);
  return end == std::string::npos ? std::nullopt : std::optional{request.substr(4, end - 4)};
}

void answer(int fd, const char* status, const std::string& sentence) {
  const auto page = "<!doctype html><meta charset=utf-8><title>Signing in</title><p>" + sentence;
  const auto text = std::string{"HTTP/1.1 "} + status +
                    "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: " +
                    std::to_string(page.size()) + "\r\nConnection: close\r\n\r\n" + page;
  for (std::string_view rest{text}; !rest.empty();) {
    const auto count = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

Result<Callback> Callback::listen(int port) {
  UniqueFd listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const int one = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (::bind(listener.get(), generic, size) != 0 || ::listen(listener.get(), 8) != 0 ||
      ::getsockname(listener.get(), generic, &size) != 0)
    return failed("The port " + std::to_string(port) + " for the callback can't be had", errno);
  return Callback{std::move(listener), ntohs(address.sin_port)};
}

std::string Callback::redirect_uri() const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

Result<Form> Callback::wait(const std::string& state) const {
  while (true) {
    const UniqueFd visitor{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!visitor && errno == EINTR) continue;
    if (!visitor) return failed("The callback can't be waited for", errno);
    const auto target = read_target(visitor.get());
    if (!target) continue;
    const auto question = target->find('?');
    if (target->substr(0, question) != path) {
      answer(visitor.get(), "404 Not Found", "There is nothing here.");
      continue;
    }
    auto query = decode_query(question == std::string::npos ? "" : target->substr(question + 1));
    if (query["state"] != state) {  // not of this log-in: RFC 6749, section 10.12
      answer(visitor.get(), "400 Bad Request", "This is not the answer that was waited for.");
      continue;
    }
    answer(visitor.get(), "200 OK",
           query.contains("code") ? "You are signed in. You may close this page."
                                  : "The sign-in was refused. You may close this page.");
    return query;
  }
}

}  // namespace aerie::oidc
