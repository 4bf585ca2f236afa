#pragma once

#include <deque>
#include <functional>
#include <string>

#include "guest/stream/event_loop.hpp"
#include "messages/cause.hpp"
#include "messages/frame.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::stream {

/// The socket to the guest supervisor: frames of `messages/frame.hpp` both ways, on the loop's
/// thread. What cannot be written at once waits, up to `most_unsent` bytes.
class ControlChannel {
 public:
  static constexpr std::size_t most_unsent = 4 * 1024 * 1024;

  struct Events {
    std::function<void(const Json&)> message;
    /// Called once at the end: empty on a clean end of file, else why.
    std::function<void(std::optional<Cause>)> closed;
  };

  ControlChannel(EventLoop& loop, UniqueFd socket, Events events);

  void send(const Json& message);
  /// Writes what waits, blocking; for the last words before an exit.
  void flush();

 private:
  void readable();
  void writable();
  void close(std::optional<Cause> why);

  EventLoop& loop_;
  UniqueFd socket_;
  Events events_;
  FrameDecoder decoder_;
  std::string unsent_;
  EventSource read_watch_;
  EventSource write_watch_;
};

}  // namespace aerie::stream
