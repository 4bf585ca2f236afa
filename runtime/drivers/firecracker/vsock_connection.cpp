#include "runtime/drivers/firecracker/vsock_connection.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <utility>

#include "runtime/drivers/firecracker/socket_file.hpp"

namespace aerie::firecracker {
namespace {

constexpr std::size_t longest_answer = 32;  // "OK 4294967295\n" is the longest there is

/// Whether this is `OK` and a port.
bool is_acknowledgement(std::string_view line) {
  constexpr std::string_view word = "OK ";
  if (!line.starts_with(word)) return false;
  line.remove_prefix(word.size());
  return !line.empty() && line.size() <= 10 && std::all_of(line.begin(), line.end(), [](char byte) {
    return byte >= '0' && byte <= '9';
  });
}

}  // namespace

VsockConnection::VsockConnection(Reactor& reactor, std::string path, std::uint32_t port,
                                 Duration patience,
                                 std::function<void(Result<UniqueFd> socket)> done)
    : reactor_(reactor), path_(std::move(path)), port_(port), done_(std::move(done)) {
  const auto asked = ask();
  if (!asked) {
    timer_ = reactor_.after(Duration{0},
                            [this, cause = asked.error()] { finish(tl::unexpected(cause)); });
    return;
  }
  timer_ = reactor_.after(patience, [this, patience] {
    finish(tl::unexpected(
        failed(CauseKind::link_timeout,
               "the guest did not answer within " + std::to_string(patience.count()) + " ms")));
  });
}

VsockConnection::~VsockConnection() {
  reactor_.cancel(timer_);
}

Result<void> VsockConnection::ask() {
  auto socket = connect_socket_file(path_);
  if (!socket) return tl::unexpected(socket.error());
  socket_ = std::move(*socket);
  const auto line = "CONNECT " + std::to_string(port_) + "\n";
  // A fresh socket's buffer takes these few bytes whole.
  const auto sent = ::send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(line.size()))
    return tl::unexpected(failed(CauseKind::link_lost, std::strerror(errno)));
  auto watch = reactor_.watch(socket_.get(), EPOLLIN, [this](std::uint32_t) { on_readable(); });
  if (!watch) return tl::unexpected(watch.error());
  watch_ = std::move(*watch);
  return {};
}

/// Byte by byte: what follows the line is the guest's, for whoever gets the socket.
void VsockConnection::on_readable() {
  for (;;) {
    char byte = 0;
    const auto count = ::recv(socket_.get(), &byte, 1, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0)
      return finish(tl::unexpected(failed(CauseKind::link_lost, std::strerror(errno))));
    if (count == 0)
      return finish(
          tl::unexpected(failed(CauseKind::link_lost, "nobody in the guest listens at the port")));
    if (byte == '\n') break;
    answer_ += byte;
    if (answer_.size() >= longest_answer) break;
  }
  if (!is_acknowledgement(answer_))
    return finish(tl::unexpected(
        failed(CauseKind::link_lost, "Firecracker's answer is not 'OK' and a port")));
  watch_.reset();
  finish(std::move(socket_));
}

void VsockConnection::finish(Result<UniqueFd> result) {
  reactor_.cancel(timer_);
  watch_.reset();
  if (const auto done = std::exchange(done_, nullptr)) done(std::move(result));
}

Cause VsockConnection::failed(CauseKind kind, const std::string& why) const {
  return {kind,
          "The guest's vsock port " + std::to_string(port_) + " can't be reached through " + path_ +
              ": " + why + ".",
          "Look at the guest's console for how far it got.",
          {}};
}

}  // namespace aerie::firecracker
