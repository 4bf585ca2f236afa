#pragma once

#include <functional>
#include <optional>
#include <string>

#include "messages/frame.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::init {

/// Carries the guest link between a virtio-serial port, which has no connections, and the Unix
/// socket on which `aerie-guest` listens. A host that greets begins a connection of its own; when
/// it is gone, so is that connection. Lives on the reactor's thread.
class PortLink {
 public:
  struct Events {
    /// A word of the driver for the machine itself, not for `aerie-guest`: `birth`, `renew`.
    std::function<void(const Json& message)> on_machine_message;
    /// Connects to `aerie-guest`; an empty descriptor while it does not listen.
    std::function<UniqueFd()> connect;
  };

  /// `port` is non-blocking.
  [[nodiscard]] static Result<std::unique_ptr<PortLink>> open(Reactor& reactor, UniqueFd port,
                                                              Events events);
  PortLink(const PortLink&) = delete;
  PortLink& operator=(const PortLink&) = delete;

  /// Whether the host still has to read something of what was said.
  [[nodiscard]] bool has_unsent() const { return !to_host_.empty(); }

 private:
  PortLink(Reactor& reactor, UniqueFd port, Events events);
  void on_port();
  void read_port();
  void on_frame(const Json& frame);
  void begin_connection();
  void end_connection();
  void on_inner(std::uint32_t events);
  void read_inner();
  void write_inner();
  void write_port();
  void update_inner();

  Reactor& reactor_;
  Events events_;
  UniqueFd port_;
  Watch port_watch_;
  FrameDecoder decoder_;
  UniqueFd inner_;
  Watch inner_watch_;
  std::string to_inner_;
  std::string to_host_;
};

}  // namespace aerie::init
