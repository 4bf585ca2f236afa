#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "messages/frame.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::init {

/// What a link of the machine does, whatever the host's way to it is.
struct LinkEvents {
  /// A word of the driver for the machine itself, not for `aerie-guest`: its `type` is `birth`.
  std::function<void(const Json& message)> on_machine_message;
  /// Connects to `aerie-guest`; an empty descriptor while it does not listen.
  std::function<UniqueFd()> connect;
};

/// A link of the machine with its host.
class MachineLink {
 public:
  virtual ~MachineLink() = default;

  /// Whether the host may still have to read something of what was said.
  [[nodiscard]] virtual bool has_unsent() const = 0;
};

/// Carries the guest link's frames between the host and the Unix socket on which `aerie-guest`
/// listens. A host that greets begins a connection of its own; when it is gone, so is that
/// connection. Both directions are bounded. Lives on the reactor's thread.
class LinkRelay {
 public:
  /// Writes to the host: as write(2), without ever blocking.
  using Write = std::function<ssize_t(std::string_view bytes)>;

  LinkRelay(Reactor& reactor, LinkEvents events, Write write);
  LinkRelay(const LinkRelay&) = delete;
  LinkRelay& operator=(const LinkRelay&) = delete;

  /// What the host said. False when it broke the protocol: what it says next begins anew.
  bool feed(std::string_view bytes);
  /// The host is gone, and what it began to say with it.
  void host_gone();
  /// The host may be able to take more.
  void flush();

  [[nodiscard]] bool has_unsent() const { return !to_host_.empty(); }

 private:
  void on_frame(const Json& frame);
  void begin_connection();
  void end_connection();
  void on_inner(std::uint32_t events);
  void read_inner();
  void write_inner();
  void write_host();
  void update_inner();

  Reactor& reactor_;
  LinkEvents events_;
  Write write_;
  FrameDecoder decoder_;
  UniqueFd inner_;
  Watch inner_watch_;
  std::string to_inner_;
  std::string to_host_;
};

}  // namespace aerie::init
