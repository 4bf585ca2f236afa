#include "runtime/process/frame_socket.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "runtime/process/exit_verdict.hpp"

namespace aerie {
namespace {

constexpr std::size_t read_bytes = 64 * 1024;

Cause lost(const std::string& why) {
  return {CauseKind::link_lost,
          "The link was lost: " + why + ".",
          "Look for the end of the program at its other side.",
          {}};
}

Cause lost(int error) {
  return lost(std::string{std::strerror(error)} + " (" + errno_name(error) + ")");
}

}  // namespace

struct FrameSocket::State : std::enable_shared_from_this<State> {
  State(Reactor& on, UniqueFd socket, Events tell)
      : reactor(on), fd(std::move(socket)), events(std::move(tell)) {}

  void watch() {
    auto watched = reactor.watch(fd.get(), EPOLLIN, [weak = weak_from_this()](std::uint32_t what) {
      if (const auto self = weak.lock()) self->on_events(what);
    });
    if (watched)
      handle = std::move(*watched);
    else
      fail_later(watched.error());
  }

  void on_events(std::uint32_t what) {
    if ((what & EPOLLOUT) != 0) flush();
    if ((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read();
  }

  /// One chunk a round, so that one peer does not starve the others. True when there was one.
  bool read() {
    if (!fd) return false;
    std::array<char, read_bytes> buffer;
    const auto count = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (count < 0) return failed(lost(errno));
    if (count == 0)
      return failed(
          lost(decoder.is_partial() ? "the peer closed it within a frame" : "the peer closed it"));
    auto messages = decoder.feed({buffer.data(), static_cast<std::size_t>(count)});
    if (!messages) return failed(messages.error());
    for (auto& message : *messages) {
      if (!fd) return false;  // closed inside a callback
      if (const auto tell = events.on_message) tell(std::move(message));
    }
    return true;
  }

  bool send(const Json& message) {
    if (!fd || is_failing) return false;
    auto frame = encode_frame(message);
    if (!frame) return false;
    if (queued + frame->size() > max_queued_bytes) {
      fail_later({CauseKind::quota,
                  "The link's peer did not read: " + std::to_string(queued) + " bytes waited.",
                  "The program at its other side hangs or is stopped; restart it.",
                  {}});
      return false;
    }
    queued += frame->size();
    queue.push_back(std::move(*frame));
    flush();
    return !is_failing;
  }

  void flush() {
    while (fd && !queue.empty()) {
      const auto& front = queue.front();
      const auto count =
          ::send(fd.get(), front.data() + written, front.size() - written, MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) break;
      // What the peer wrote before it went is still to be read: reading tells its end.
      if (count < 0 && (errno == EPIPE || errno == ECONNRESET)) return drop_queue();
      if (count < 0) return fail_later(lost(errno));
      written += static_cast<std::size_t>(count);
      queued -= static_cast<std::size_t>(count);
      if (written < front.size()) continue;
      queue.pop_front();
      written = 0;
    }
    handle.set_events(queue.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
    if (queue.empty()) tell_sent();
  }

  void tell_sent() {
    if (const auto done = std::exchange(on_sent, nullptr)) done();
  }

  void drop_queue() {
    queue.clear();
    queued = written = 0;
    handle.set_events(EPOLLIN);
    tell_sent();
  }

  /// From within `send`, whose caller does not expect a callback.
  void fail_later(Cause cause) {
    if (std::exchange(is_failing, true)) return;
    reactor.post([weak = weak_from_this(), cause = std::move(cause)] {
      if (const auto self = weak.lock()) self->fail(cause);
    });
  }

  void fail(const Cause& cause) {
    if (!fd) return;
    const auto tell = std::move(events.on_closed);
    const auto done = std::exchange(on_sent, nullptr);
    close();
    if (tell) tell(cause);
    if (done) done();
  }

  bool failed(const Cause& cause) {
    fail(cause);
    return false;
  }

  void close() {
    handle.reset();
    fd.reset();
    queue.clear();
    queued = written = 0;
    events = {};
    on_sent = nullptr;
  }

  Reactor& reactor;
  UniqueFd fd;
  Watch handle;
  Events events;
  FrameDecoder decoder;
  std::deque<std::string> queue;
  std::size_t queued = 0;
  std::size_t written = 0;  ///< of the queue's first frame
  std::function<void()> on_sent;
  bool is_failing = false;
};

FrameSocket::FrameSocket(Reactor& reactor, UniqueFd fd, Events events)
    : state_(std::make_shared<State>(reactor, std::move(fd), std::move(events))) {
  state_->watch();
}

FrameSocket::~FrameSocket() {
  state_->close();
}

bool FrameSocket::send(const Json& message) {
  return state_->send(message);
}

void FrameSocket::set_events(Events events) {
  state_->events = std::move(events);
}

void FrameSocket::read_now() {
  const auto state = state_;  // a callback may let go of the socket
  while (state->read()) {
  }
}

void FrameSocket::when_sent(std::function<void()> done) {
  if (!state_->fd || state_->queue.empty()) return done();
  state_->on_sent = std::move(done);
}

std::size_t FrameSocket::queued() const {
  return state_->queued;
}
bool FrameSocket::is_open() const {
  return static_cast<bool>(state_->fd) && !state_->is_failing;
}
void FrameSocket::close() {
  state_->close();
}

}  // namespace aerie
