#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "messages/cause.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::firecracker {

/// Connects to a port of a guest's vsock through the Unix socket that Firecracker listens at: says
/// `CONNECT PORT\n`, reads `OK HOSTPORT\n` and not a byte more, then hands the socket on (see
/// Firecracker's `docs/vsock.md`). Lives on the reactor's thread.
class VsockConnection {
 public:
  /// `done` comes once, not from within the constructor and not after the end of this; it may end
  /// this. `link-timeout` when the guest's side did not answer within `patience`; `link-lost` where
  /// Firecracker is not there, nobody listens at the port, or the answer is another.
  VsockConnection(Reactor& reactor, std::string path, std::uint32_t port, Duration patience,
                  std::function<void(Result<UniqueFd> socket)> done);
  VsockConnection(const VsockConnection&) = delete;
  VsockConnection& operator=(const VsockConnection&) = delete;
  ~VsockConnection();

 private:
  [[nodiscard]] Result<void> ask();
  void on_readable();
  void finish(Result<UniqueFd> result);
  [[nodiscard]] Cause failed(CauseKind kind, const std::string& why) const;

  Reactor& reactor_;
  std::string path_;
  std::uint32_t port_;
  std::function<void(Result<UniqueFd>)> done_;
  UniqueFd socket_;
  Watch watch_;
  TimerId timer_;
  std::string answer_;
};

}  // namespace aerie::firecracker
