#pragma once

#include <cstdint>
#include <vector>

#include "runtime/process/unique_fd.hpp"

namespace aerie {

/// Watches connections that libwebsockets must not look at for a while.
///
/// While an answer is under way nothing may be read: libwebsockets 4.1 neither reads nor ignores
/// what arrives then, it spins. Its flow control stops that, but stops it from seeing writability
/// and the reader's end as well. This epoll instance waits for these two (epoll_ctl(2)); its own
/// descriptor becomes readable and is polled by libwebsockets like any other.
class ConnectionWatch {
 public:
  struct Interest {
    bool writable = false;
    bool hang_up = false;
  };
  struct Event {
    std::uint64_t id = 0;
    bool writable = false;
    bool hung_up = false;  ///< `EPOLLRDHUP`, or the connection is broken
  };

  ConnectionWatch();

  /// The descriptor to poll; negative if the kernel refused one, and then nothing is ever told.
  [[nodiscard]] int fd() const { return epoll_.get(); }

  /// Waits for one event on `fd`, in place of what it was watched for before.
  void watch(int fd, std::uint64_t id, Interest interest);
  void remove(int fd);

  /// What has happened since, at most 64. Never waits.
  [[nodiscard]] std::vector<Event> take();

 private:
  UniqueFd epoll_;
};

}  // namespace aerie
