#pragma once

#include <functional>
#include <string>
#include <sys/socket.h>
#include <utility>

#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::guest {

/// Connects until somebody accepts. The kernel tells nobody when a program begins to listen, so
/// this one tries again after waits that double from 1 to 128 ms, for as long as its holder keeps
/// it.
class ConnectProbe {
 public:
  /// `address` is a whole sockaddr of `length` bytes. Trying begins at once.
  ConnectProbe(Reactor& reactor, const sockaddr_storage& address, socklen_t length,
               std::function<void()> on_connected);
  ConnectProbe(const ConnectProbe&) = delete;
  ConnectProbe& operator=(const ConnectProbe&) = delete;
  ~ConnectProbe();

 private:
  void attempt();
  void on_writable();
  void try_again();
  void succeed();

  Reactor& reactor_;
  sockaddr_storage address_;
  socklen_t length_;
  std::function<void()> on_connected_;
  UniqueFd socket_;
  Watch watch_;
  TimerId timer_;
  Duration wait_{1};
};

/// 127.0.0.1 and this port.
[[nodiscard]] std::pair<sockaddr_storage, socklen_t> loopback_address(int port);
/// A Unix socket's path of at most 107 bytes.
[[nodiscard]] std::pair<sockaddr_storage, socklen_t> unix_address(const std::string& path);

}  // namespace aerie::guest
