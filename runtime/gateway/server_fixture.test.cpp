#include "runtime/gateway/server_fixture.test.hpp"

#include <arpa/inet.h>
#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>

namespace aerie::testing {

void RecordingHandler::on_request(HttpRequest request) {
  if (answer) return answer(std::move(request));
  Event event{"request " + request.method + " " + request.path, request.id, {}};
  event.request = std::move(request);
  record(std::move(event));
}

void RecordingHandler::on_request_gone(std::uint64_t id) {
  record({"gone", id, {}});
}

void RecordingHandler::on_socket_opened(std::uint64_t socket, SocketInfo /*info*/) {
  record({"open", socket, {}});
}

void RecordingHandler::on_socket_message(std::uint64_t socket, std::string text) {
  record({"text " + text, socket, {}});
}

void RecordingHandler::on_socket_too_large(std::uint64_t socket, std::size_t bytes) {
  record({"too-large " + std::to_string(bytes), socket, {}});
}

void RecordingHandler::on_socket_closed(std::uint64_t socket, std::uint16_t code) {
  record({"closed " + std::to_string(code), socket, {}});
}

void RecordingHandler::record(Event event) {
  const std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
  changed_.notify_all();
}

RecordingHandler::Event RecordingHandler::next() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return !events_.empty(); })) {
    return {"timeout", 0, {}};
  }
  auto event = std::move(events_.front());
  events_.pop_front();
  return event;
}

RunningServer::RunningServer(GatewayOptions options) {
  options.port = 0;
  auto started = GatewayServer::bind(std::move(options), handler);
  REQUIRE(started);
  server = std::move(*started);
  server->serve();
}

void echo(RunningServer& running) {
  running.handler.answer = [&running](HttpRequest request) {
    auto body = request.method + " " + request.path;
    for (const auto& [name, value] : request.query)
      body += "|" + name + "=" + value;
    if (!request.body.empty()) body += "#" + request.body;
    running.server->respond(request.id, text_response(std::move(body)));
  };
}

HttpResponse text_response(std::string body) {
  HttpResponse response;
  response.content_type = "text/plain";
  response.body = std::move(body);
  return response;
}

RawClient::RawClient(std::uint16_t port, int receive_buffer)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      host_("127.0.0.1:" + std::to_string(port)) {
  if (receive_buffer > 0) {
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  const timeval patience{20, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

void RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void RawClient::send_request(const std::string& method, const std::string& path,
                             const std::string& headers, const std::string& body) {
  std::string text = method + " " + path + " HTTP/1.1\r\nHost: " + host_ + "\r\n" + headers;
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  send(text + "\r\n" + body);
}

bool RawClient::fill() {
  std::array<char, 16384> bytes{};
  const auto got = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
  is_quiet_ = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  if (got <= 0) return false;
  buffer_.append(bytes.data(), static_cast<std::size_t>(got));
  return true;
}

std::string RawClient::take(std::size_t size) {
  while (buffer_.size() < size && fill()) {
  }
  auto taken = buffer_.substr(0, size);
  buffer_.erase(0, taken.size());
  return taken;
}

std::string RawClient::read_until(std::string_view end) {
  while (buffer_.find(end) == std::string::npos && fill()) {
  }
  const auto at = buffer_.find(end);
  return take(at == std::string::npos ? buffer_.size() : at + end.size());
}

bool RawClient::at_end() {
  return buffer_.empty() && !fill() && !is_quiet_;
}

RawResponse RawClient::receive(bool is_head_request) {
  RawResponse response;
  auto head = read_until("\r\n\r\n");
  if (!head.starts_with("HTTP/1.")) return response;
  response.status = std::stoi(head.substr(9, 3));
  for (auto line = head.find("\r\n") + 2; line + 2 < head.size();) {
    const auto end = head.find("\r\n", line);
    const auto colon = head.find(": ", line);
    response.headers[to_lower(head.substr(line, colon - line))] =
        head.substr(colon + 2, end - colon - 2);
    line = end + 2;
  }
  if (is_head_request) return response;
  if (response.headers.contains("content-length")) {
    response.body = take(std::stoul(response.headers["content-length"]));
  } else if (response.headers.contains("transfer-encoding")) {
    for (;;) {
      const auto size_line = read_until("\r\n");
      if (size_line.empty()) break;
      const auto size = std::stoul(size_line, nullptr, 16);
      const auto data = take(size + 2);
      if (size == 0) break;
      response.body += data.substr(0, size);
    }
  }
  return response;
}

}  // namespace aerie::testing
