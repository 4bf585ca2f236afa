#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "messages/link.hpp"
#include "runtime/process/frame_socket.hpp"
#include "runtime/process/handshake.hpp"

namespace aerie {

/// The controller's end of the guest link: handshake, then validated messages. Lives on the
/// reactor's thread; callbacks come on it.
class GuestLink {
 public:
  struct Events {
    std::function<void()> on_linked;  ///< the guest has proved who it is
    std::function<void(link::GuestMessage message)> on_message;
    std::function<void(Cause cause)> on_lost;  ///< once; also after a violation
  };

  /// Takes a connected stream socket and sends the first hello.
  GuestLink(Reactor& reactor, UniqueFd socket, const std::string& secret, Events events);

  /// Whether the guest had its profile when it was linked: so it has where it is adopted.
  [[nodiscard]] bool is_configured() const { return is_configured_; }

  /// Dropped before the handshake is done.
  void send(const link::HostMessage& message);

 private:
  void on_frame(const Json& frame);
  void break_off(Cause cause);

  HostHandshake handshake_;
  Events events_;
  std::unique_ptr<FrameSocket> socket_;
  bool is_configured_ = false;
  enum class Phase { greeting, proving, linked, broken } phase_ = Phase::greeting;
};

}  // namespace aerie
