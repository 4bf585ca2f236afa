#pragma once

#include <memory>
#include <string>

#include "messages/link.hpp"
#include "runtime/process/frame_socket.hpp"
#include "runtime/process/handshake.hpp"

namespace aerie::bench {

/// The host's end of a guest's link: proves itself, configures the guest, and hears it out.
class GuestHost {
 public:
  GuestHost(Reactor& reactor, std::string secret, link::Configure configure);
  ~GuestHost();
  GuestHost(const GuestHost&) = delete;
  GuestHost& operator=(const GuestHost&) = delete;

  /// Connects to the guest that listens at `path`. Throws when there is none.
  void connect(const std::string& path);

 private:
  void on_frame(const Json& frame);

  Reactor& reactor_;
  HostHandshake handshake_;
  link::Configure configure_;
  std::unique_ptr<FrameSocket> socket_;
};

}  // namespace aerie::bench
