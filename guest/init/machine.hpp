#pragma once

#include <functional>
#include <memory>
#include <string>

#include "guest/init/boot_options.hpp"
#include "guest/init/link_relay.hpp"
#include "runtime/process/process.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie::init {

/// The machine once its root is there: waits for the driver's `birth` on the link, then
/// runs `aerie-guest` until its end. Lives on the reactor's thread.
///
/// `{"type":"birth","secret":HEX,"at":MS,"entropy":HEX,"network"?:{…}}` is obeyed once: the secret
/// of the link, the civil time in milliseconds since 1970, randomness for the kernel, and
/// `address`, `gateway`, `resolvers` and `mediaPorts` of the guest's network. `environment` are
/// variables for /etc/environment.
///
/// `{"type":"renew","at":MS,"entropy":HEX,"network"?:{…}}` is the same for a machine that goes on
/// from a saved state, whose clock stood still and whose chance is that of every other of its kind.
/// The link's secret is renewed by `aerie-guest`.
class Machine {
 public:
  /// `on_end` is called when `aerie-guest` has ended and the host was told all of it.
  Machine(Reactor& reactor, BootOptions options, std::function<void()> on_end);

  /// Opens the link: a vsock's port or a virtio-serial one. Errors: `driver-missing` where there is
  /// none.
  [[nodiscard]] Result<void> open();

 private:
  [[nodiscard]] Result<std::unique_ptr<MachineLink>> open_link();
  void on_birth(const Json& birth);
  void mend(const Json& word);
  [[nodiscard]] Result<void> start_guest(const std::string& secret);
  void on_exit(const ExitRecord& exit);

  Reactor& reactor_;
  BootOptions options_;
  std::string media_ports_;
  std::function<void()> on_end_;
  UniqueFd listener_;
  UniqueFd knock_;
  std::unique_ptr<MachineLink> link_;
  std::unique_ptr<Process> guest_;
};

}  // namespace aerie::init
