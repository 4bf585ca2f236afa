#pragma once

#include <cstdint>
#include <memory>

#include "guest/init/link_relay.hpp"

namespace aerie::init {

/// Listens for the host at a port of AF_VSOCK (vsock(7)). Errors: `driver-missing` where the
/// machine has no vsock, `address-in-use`.
[[nodiscard]] Result<UniqueFd> listen_vsock(std::uint32_t port);

/// Tells the host that the port is listened at: a connection to the same port of its own, of which
/// nothing more comes. The descriptor is to be kept, or the word may never arrive.
[[nodiscard]] UniqueFd knock_vsock(std::uint32_t port);

/// The link over connections to a listening stream socket, one at a time: a host that connects
/// while there is one is the next controller, and the one before is gone. Over a vsock only the
/// host itself is let in. Lives on the reactor's thread.
class VsockLink final : public MachineLink {
 public:
  /// `listener` is non-blocking.
  [[nodiscard]] static Result<std::unique_ptr<MachineLink>> open(Reactor& reactor,
                                                                 UniqueFd listener,
                                                                 LinkEvents events);

  /// The socket takes bytes long before the host has them, so while it is there it may have some.
  [[nodiscard]] bool has_unsent() const override { return static_cast<bool>(host_); }

 private:
  VsockLink(Reactor& reactor, UniqueFd listener, LinkEvents events);
  void on_listener();
  void begin(UniqueFd host);
  void end();
  void on_host();
  void read_host();

  Reactor& reactor_;
  UniqueFd listener_;
  Watch listener_watch_;
  UniqueFd host_;
  Watch host_watch_;
  LinkRelay relay_;
};

}  // namespace aerie::init
