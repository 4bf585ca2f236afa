#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "messages/link.hpp"
#include "messages/session.hpp"
#include "runtime/images/guest_image.hpp"
#include "runtime/network/guest_networks.hpp"
#include "runtime/process/spawn.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie {

/// What a VMM is to run.
struct VmPlan {
  std::string vm;
  int slot = 0;
  std::string directory;                           ///< the VM's own, `STATE/vms/ID`
  std::optional<SpawnRequest::Identity> identity;  ///< where the controller is root
  GuestImage image;
  Resources resources;
  std::string address;          ///< the guest's; empty: it has no network
  int disk_mib_per_second = 0;  ///< of its overlay; 0: no limit
};

/// A virtual machine monitor as `VmMachine` needs it: `qemu`, `firecracker`. One object a machine,
/// on the reactor's thread but for `prepare`.
class Vmm {
 public:
  virtual ~Vmm() = default;

  /// Makes what must be there before it starts, beside what `VmMachine` makes: sockets, files. On
  /// the disk's thread.
  [[nodiscard]] virtual Result<void> prepare() = 0;
  /// Where this host gives guests no network: one of the VMM's own, which leads nowhere but brings
  /// viewers' packets in by ports of this host's loopback. None: the VMM has no such thing.
  [[nodiscard]] virtual std::optional<network::GuestNetwork> own_network() { return std::nullopt; }
  /// The same of a guest that an earlier controller started, whose ports it wrote down.
  [[nodiscard]] virtual std::optional<network::GuestNetwork> own_network(
      const std::vector<std::uint16_t>& /*ports*/) {
    return std::nullopt;
  }
  /// The program, its arguments, and the descriptors it gets; these are this object's until
  /// `on_started`, but for the guest's `tap`, which is lent: none where the guest has no network.
  [[nodiscard]] virtual Result<SpawnRequest> command(std::optional<int> tap) = 0;
  /// It runs, or was taken over: configures it, if that is not done by arguments. `failed` may be
  /// called at any time until the machine's end.
  virtual void on_started(bool is_adopted, std::function<void(Cause cause)> failed) = 0;
  /// Opens a stream to the guest's end of the link, also before the guest listens.
  virtual void connect(std::function<void(Result<UniqueFd> stream)> connected) = 0;
  /// The link's secret of a guest that goes on from a saved state, where it has its profile
  /// already; none: it boots.
  [[nodiscard]] virtual std::optional<std::string> former_secret() const { return std::nullopt; }
  /// Halts the guest's processors, or lets them go on. It runs; `done` comes once, unless this ends
  /// before.
  virtual void pause(bool is_paused, std::function<void(Result<void> outcome)> done) = 0;
  /// What of its last lines says why it failed; null where they tell nothing.
  [[nodiscard]] virtual std::optional<Cause> explain(const ExitRecord& exit) const = 0;
};

}  // namespace aerie
