#include "guest/init/vsock_link.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <linux/vm_sockets.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "guest/init/fault.hpp"
#include "runtime/process/unix_socket.hpp"

namespace aerie::init {
namespace {

constexpr std::size_t chunk = 32UL * 1024;

/// Children of this guest must not pose as its host.
bool is_host(int socket) {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &length) != 0) return false;
  if (peer.ss_family != AF_VSOCK) return true;
  sockaddr_vm address{};
  std::memcpy(&address, &peer, sizeof address);
  return address.svm_cid == VMADDR_CID_HOST;
}

}  // namespace

Result<UniqueFd> listen_vsock(std::uint32_t port) {
  UniqueFd listener{::socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!listener)
    return tl::unexpected(
        Cause{CauseKind::driver_missing,
              "There is no vsock: the module vmw_vsock_virtio_transport is not in "
              "the initrd, or the machine has no such device.",
              "Make the image again (./run image).",
              {}});
  sockaddr_vm address{};
  address.svm_family = AF_VSOCK;
  address.svm_cid = VMADDR_CID_ANY;
  address.svm_port = port;
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), 4) != 0)
    return tl::unexpected(Cause{CauseKind::address_in_use,
                                "The vsock port " + std::to_string(port) +
                                    " can't be listened at: " + std::strerror(errno) + ".",
                                "Name another port on the kernel's command line.",
                                {}});
  return listener;
}

UniqueFd knock_vsock(std::uint32_t port) {
  UniqueFd knock{::socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  sockaddr_vm address{};
  address.svm_family = AF_VSOCK;
  address.svm_cid = VMADDR_CID_HOST;
  address.svm_port = port;
  // Nobody waits for how it ends: a host that did not listen has connected already.
  [[maybe_unused]] const int begun =
      ::connect(knock.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return knock;
}

Result<std::unique_ptr<MachineLink>> VsockLink::open(Reactor& reactor, UniqueFd listener,
                                                     LinkEvents events) {
  std::unique_ptr<VsockLink> link{new VsockLink{reactor, std::move(listener), std::move(events)}};
  auto watch = reactor.watch(link->listener_.get(), EPOLLIN,
                             [self = link.get()](std::uint32_t) { self->on_listener(); });
  if (!watch) return tl::unexpected(watch.error());
  link->listener_watch_ = std::move(*watch);
  return link;
}

VsockLink::VsockLink(Reactor& reactor, UniqueFd listener, LinkEvents events)
    : reactor_(reactor),
      listener_(std::move(listener)),
      relay_(reactor, std::move(events), [this](std::string_view bytes) {
        return ::send(host_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      }) {}

void VsockLink::on_listener() {
  auto host = accept_unix(listener_.get());
  if (!host) return;
  if (is_host(host.get())) return begin(std::move(host));
  say("somebody who is not the host connected to the link, and was let go");
}

void VsockLink::begin(UniqueFd host) {
  end();
  host_ = std::move(host);
  // Edge-triggered: what waits for the host is written when it has room again.
  auto watch = reactor_.watch(host_.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                              [this](std::uint32_t) { on_host(); });
  if (!watch) {
    say(watch.error().message);
    return end();
  }
  host_watch_ = std::move(*watch);
}

void VsockLink::end() {
  relay_.host_gone();
  host_watch_.reset();
  host_.reset();
}

void VsockLink::on_host() {
  relay_.flush();
  read_host();
  relay_.flush();
}

void VsockLink::read_host() {
  std::array<char, chunk> buffer{};
  while (host_) {
    const auto count = ::recv(host_.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return end();
    if (!relay_.feed({buffer.data(), static_cast<std::size_t>(count)})) return end();
  }
}

}  // namespace aerie::init
