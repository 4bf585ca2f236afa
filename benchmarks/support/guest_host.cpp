#include "benchmarks/support/guest_host.hpp"

#include <stdexcept>
#include <utility>

#include "runtime/process/unix_socket.hpp"

namespace aerie::bench {

GuestHost::GuestHost(Reactor& reactor, std::string secret, link::Configure configure)
    : reactor_(reactor), handshake_(std::move(secret)), configure_(std::move(configure)) {}

GuestHost::~GuestHost() {
  reactor_.call([this] { socket_.reset(); });
}

void GuestHost::connect(const std::string& path) {
  auto fd = connect_unix(path);
  if (!fd) throw std::runtime_error(fd.error().message);
  reactor_.call([&] {
    socket_ = std::make_unique<FrameSocket>(
        reactor_, std::move(*fd),
        FrameSocket::Events{[this](const Json& frame) { on_frame(frame); }, {}});
    socket_->send(handshake_.hello());
  });
}

void GuestHost::on_frame(const Json& frame) {
  const auto type = frame.value("type", "");
  if (type == "hello") {
    if (const auto proof = handshake_.answer(frame)) socket_->send(*proof);
  } else if (type == "linked") {
    socket_->send(to_frame(link::HostMessage{configure_}));
  }
}

}  // namespace aerie::bench
