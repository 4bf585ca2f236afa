#pragma once

#include <cstdint>
#include <string>

namespace aerie {

/// The WebSockets of the gateway. Every function returns at once; dead sockets are ignored.
class SocketPort {
 public:
  virtual ~SocketPort() = default;
  virtual void send(std::uint64_t socket, std::string text) = 0;
  virtual void close(std::uint64_t socket, std::uint16_t code, const std::string& reason) = 0;
  /// The socket's hello was accepted.
  virtual void admit(std::uint64_t socket) = 0;
};

}  // namespace aerie
