#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "messages/cause.hpp"
#include "messages/frame.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie {

/// The most bytes a `FrameSocket` holds for a peer that does not read.
inline constexpr std::size_t max_queued_bytes = 1024 * 1024;

/// A stream socket that speaks the link's frames. Lives on the reactor's thread; callbacks come on
/// it. May be destroyed inside its callbacks; none comes afterwards.
class FrameSocket {
 public:
  struct Events {
    std::function<void(Json message)> on_message;
    /// Once: `link_lost` when the peer went, `link_violation` when it broke the protocol, `quota`
    /// when it did not read and the queue ran over. Not after the holder's own `close`. Everything
    /// the peer sent before going was delivered by then.
    std::function<void(Cause cause)> on_closed;
  };

  /// Takes a connected, non-blocking stream socket.
  FrameSocket(Reactor& reactor, UniqueFd fd, Events events);
  FrameSocket(const FrameSocket&) = delete;
  FrameSocket& operator=(const FrameSocket&) = delete;
  ~FrameSocket();

  /// Replaces the callbacks; for example once the peer has proved who it is.
  void set_events(Events events);

  /// Queues one message, written at once as far as the socket takes it. False when closed, too
  /// large, or the queue ran over (which closes it; `on_closed` comes in a later round).
  bool send(const Json& message);

  /// Reads what the peer has sent by now, instead of waiting for the reactor's next round: for last
  /// words before an exit that was seen first.
  void read_now();

  /// Calls `done` once nothing waits for the peer any more, or it went; at once if so already.
  void when_sent(std::function<void()> done);

  /// Bytes that wait for the peer.
  [[nodiscard]] std::size_t queued() const;
  [[nodiscard]] bool is_open() const;

  /// Closes without `on_closed`; what is queued is lost.
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace aerie
