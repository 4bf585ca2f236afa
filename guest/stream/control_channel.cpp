#include "guest/stream/control_channel.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <system_error>

#include "guest/stream/log.hpp"

namespace aerie::stream {
namespace {

Cause link_lost(const char* what, int error) {
  return {CauseKind::link_lost,
          std::string{"The control socket failed to "} + what + ": " +
              std::generic_category().message(error) + ".",
          "Look at the guest supervisor's log; it ended or closed the socket.",
          {}};
}

}  // namespace

ControlChannel::ControlChannel(EventLoop& loop, UniqueFd socket, Events events)
    : loop_(loop), socket_(std::move(socket)), events_(std::move(events)) {
  ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
  ::fcntl(socket_.get(), F_SETFD, FD_CLOEXEC);
  read_watch_ = loop_.watch(socket_.get(), G_IO_IN, [this](GIOCondition) { readable(); });
}

void ControlChannel::send(const Json& message) {
  if (!socket_) return;
  const auto frame = encode_frame(message);
  if (!frame) return log_line(frame.error().message);
  if (unsent_.size() + frame->size() > most_unsent)
    return close(link_lost("take what was sent", ENOBUFS));
  unsent_ += *frame;
  if (!write_watch_) writable();
}

void ControlChannel::writable() {
  while (!unsent_.empty()) {
    const auto written =
        ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      if (!write_watch_)
        write_watch_ = loop_.watch(socket_.get(), G_IO_OUT, [this](GIOCondition) { writable(); });
      return;
    }
    if (written < 0) return close(link_lost("write", errno));
    unsent_.erase(0, static_cast<std::size_t>(written));
  }
  write_watch_.cancel();
}

void ControlChannel::flush() {
  while (socket_ && !unsent_.empty()) {
    pollfd wait{socket_.get(), POLLOUT, 0};
    constexpr int longest_ms = 1000;  // a supervisor that reads nothing must not keep us alive
    if (::poll(&wait, 1, longest_ms) != 1 || (wait.revents & POLLOUT) == 0) return;
    writable();
  }
}

void ControlChannel::readable() {
  std::array<char, 16 * 1024> bytes;
  const auto count = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) return;
  if (count < 0) return close(link_lost("read", errno));
  if (count == 0) return close(std::nullopt);
  auto messages = decoder_.feed({bytes.data(), static_cast<std::size_t>(count)});
  if (!messages) return close(messages.error());
  for (const auto& message : *messages) {
    if (!socket_) return;
    events_.message(message);
  }
}

void ControlChannel::close(std::optional<Cause> why) {
  if (!socket_) return;
  read_watch_.cancel();
  write_watch_.cancel();
  socket_.reset();
  events_.closed(std::move(why));
}

}  // namespace aerie::stream
