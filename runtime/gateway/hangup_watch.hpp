#pragma once

#include <cstdint>
#include <vector>

#include "runtime/process/unique_fd.hpp"

namespace aerie {

/// Tells when the other side of a connection has hung up while we only write to it.
///
/// libwebsockets does not read from a connection whose answer is under way, so it sees the end of a
/// quiet stream's reader only at the next write. This epoll instance waits for just that
/// (`EPOLLRDHUP`, epoll_ctl(2)); its own descriptor becomes readable and is polled by
/// libwebsockets.
class HangupWatch {
 public:
  HangupWatch();

  /// The descriptor to poll; negative if the kernel refused one, and then nothing is ever told.
  [[nodiscard]] int fd() const { return epoll_.get(); }

  /// `fd` must be taken out by `remove` before it is closed.
  void add(int fd, std::uint64_t id);
  void remove(int fd);

  /// The ids whose readers have gone since, each once. Never waits.
  [[nodiscard]] std::vector<std::uint64_t> take();

 private:
  UniqueFd epoll_;
};

}  // namespace aerie
