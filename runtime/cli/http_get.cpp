#include "runtime/cli/http_get.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <system_error>

#include "runtime/process/unique_fd.hpp"

namespace aerie {
namespace {

constexpr std::size_t max_answer = std::size_t{16} * 1024 * 1024;
constexpr timeval patience{10, 0};

tl::unexpected<Cause> unreachable(const std::string& address, const std::string& why) {
  return tl::unexpected(
      Cause{CauseKind::link_lost,
            "The controller at " + address + " does not answer: " + why + ".",
            "Start it with aerie serve, or name its state directory with --state.",
            {}});
}

Result<UniqueFd> connect_to(const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) return unreachable(address, "no port in the address");
  auto host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  const int code = getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &raw);
  if (code != 0) return unreachable(address, gai_strerror(code));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(raw, &freeaddrinfo);
  std::string why = "no address";
  for (const auto* each = list.get(); each != nullptr; each = each->ai_next) {
    UniqueFd fd(socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) continue;
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd.get(), each->ai_addr, each->ai_addrlen) == 0) return fd;
    why = std::generic_category().message(errno);
  }
  return unreachable(address, why);
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// Reads to the end of the connection: the request asked for `Connection: close`.
bool receive_all(int fd, std::string& response) {
  std::array<char, 65536> buffer{};
  for (;;) {
    const auto received = recv(fd, buffer.data(), buffer.size(), 0);
    if (received < 0 && errno == EINTR) continue;
    if (received == 0) return true;
    if (received < 0 || response.size() > max_answer) return false;
    response.append(buffer.data(), static_cast<std::size_t>(received));
    if (auto answer = parse_answer(response)) return true;
  }
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (auto& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

/// The Content-Length of a head, if it has one.
std::optional<std::size_t> content_length(std::string_view head) {
  const auto text = lower(head);
  const std::string_view name = "\r\ncontent-length:";
  const auto at = text.find(name);
  if (at == std::string::npos) return std::nullopt;
  auto start = at + name.size();
  while (start < text.size() && text[start] == ' ')
    ++start;
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(text.data() + start, text.data() + text.size(), length);
  if (error != std::errc{} || end == text.data() + start) return std::nullopt;
  return length;
}

}  // namespace

Result<HttpAnswer> parse_answer(const std::string& response) {
  const auto incomplete =
      tl::unexpected(Cause{CauseKind::link_violation,
                           "The answer is no complete HTTP response.",
                           "See that the address in the state directory is the controller's.",
                           {}});
  const auto head_end = response.find("\r\n\r\n");
  if (head_end == std::string::npos || !response.starts_with("HTTP/1.")) return incomplete;
  HttpAnswer answer;
  const auto status = response.find(' ');
  const auto [end, error] =
      std::from_chars(response.data() + status + 1, response.data() + head_end, answer.status);
  if (error != std::errc{} || answer.status < 100 || answer.status > 599) return incomplete;
  const auto length = content_length(std::string_view(response).substr(0, head_end + 2));
  answer.body = response.substr(head_end + 4);
  if (!length || answer.body.size() < *length) return incomplete;
  answer.body.resize(*length);
  return answer;
}

Result<HttpAnswer> http_get(const std::string& address, const std::string& path,
                            const std::string& token) {
  auto fd = connect_to(address);
  if (!fd) return tl::unexpected(fd.error());
  const auto request = "GET " + path + " HTTP/1.1\r\nHost: " + address +
                       "\r\nAuthorization: Bearer " + token +
                       "\r\nAccept: application/json\r\nConnection: close\r\n\r\n";
  std::string response;
  if (!send_all(fd->get(), request) || !receive_all(fd->get(), response))
    return unreachable(address, "the connection broke");
  return parse_answer(response);
}

std::string encode_path(const std::string& text) {
  constexpr std::string_view plain = "-._~/";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_alnum =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (is_alnum || plain.find(c) != std::string_view::npos) {
      result += c;
    } else {
      result += '%';
      result += digits[byte >> 4U];
      result += digits[byte & 0xfU];
    }
  }
  return result;
}

}  // namespace aerie
