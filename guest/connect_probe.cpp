#include "guest/connect_probe.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/un.h>

namespace aerie::guest {
namespace {

constexpr Duration longest_wait{128};

}  // namespace

ConnectProbe::ConnectProbe(Reactor& reactor, const sockaddr_storage& address, socklen_t length,
                           std::function<void()> on_connected)
    : reactor_(reactor),
      address_(address),
      length_(length),
      on_connected_(std::move(on_connected)) {
  timer_ = reactor_.after(Duration{0}, [this] { attempt(); });  // never calls back within this
}

ConnectProbe::~ConnectProbe() {
  reactor_.cancel(timer_);
}

void ConnectProbe::attempt() {
  socket_.reset(::socket(address_.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto* address = reinterpret_cast<const sockaddr*>(&address_);  // as connect(2) wants it
  if (::connect(socket_.get(), address, length_) == 0) return succeed();
  if (errno != EINPROGRESS) return try_again();
  auto watch = reactor_.watch(socket_.get(), EPOLLOUT, [this](std::uint32_t) { on_writable(); });
  if (!watch) return try_again();
  watch_ = std::move(*watch);
}

void ConnectProbe::on_writable() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  watch_.reset();
  if (error == 0) return succeed();
  try_again();
}

void ConnectProbe::try_again() {
  socket_.reset();
  timer_ = reactor_.after(wait_, [this] { attempt(); });
  wait_ = std::min(wait_ * 2, longest_wait);
}

void ConnectProbe::succeed() {
  socket_.reset();
  const auto tell = std::move(on_connected_);  // the holder may end this within the call
  tell();
}

std::pair<sockaddr_storage, socklen_t> loopback_address(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_storage storage{};
  std::memcpy(&storage, &address, sizeof address);
  return {storage, sizeof address};
}

std::pair<sockaddr_storage, socklen_t> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  sockaddr_storage storage{};
  std::memcpy(&storage, &address, sizeof address);
  return {storage, sizeof address};
}

}  // namespace aerie::guest
