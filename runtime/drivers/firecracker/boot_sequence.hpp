#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/drivers/firecracker/api_client.hpp"
#include "runtime/drivers/firecracker/boot_plan.hpp"
#include "runtime/drivers/firecracker/socket_wait.hpp"
#include "runtime/drivers/firecracker/vsock_connection.hpp"

namespace aerie::firecracker {

/// Where a VM's sockets are, as the host sees them.
struct VmSockets {
  std::string api;
  std::string vsock;
  std::uint32_t link_port = 7000;  ///< of the guest's vsock
};

/// How long each step may take.
struct BootPatience {
  Duration api{5'000};    ///< until Firecracker listens
  Duration link{10'000};  ///< until a guest that listens has accepted
};

/// From a Firecracker that was just started to the socket of its guest's link: waits for the API,
/// follows the plan, and connects once the guest listens. Each step is begun by an event of the one
/// before. Lives on the reactor's thread; callbacks come on it and may end it; none comes then.
class BootSequence {
 public:
  struct Events {
    std::function<void()> on_booted;  ///< the plan is done: the machine runs
    std::function<void(UniqueFd link)> on_link;
    std::function<void(Cause cause)> on_failed;  ///< once, and the last
  };

  BootSequence(Reactor& reactor, VmSockets sockets, Plan plan, BootPatience patience,
               Events events);
  BootSequence(const BootSequence&) = delete;
  BootSequence& operator=(const BootSequence&) = delete;

  /// The guest has knocked; or it listens long since, where it comes out of a snapshot.
  void guest_listens();

  /// The API, once the machine runs; null before.
  [[nodiscard]] ApiClient* api() { return is_booted_ ? client_.get() : nullptr; }

 private:
  void on_api(Result<UniqueFd> socket);
  void on_plan(const Result<void>& outcome);
  void connect_link();
  void fail(const Cause& cause);

  Reactor& reactor_;
  VmSockets sockets_;
  Plan plan_;
  BootPatience patience_;
  Events events_;
  bool is_booted_ = false;
  bool guest_listens_ = false;
  std::unique_ptr<SocketWait> api_wait_;
  std::unique_ptr<ApiClient> client_;
  std::unique_ptr<VsockConnection> link_;
};

}  // namespace aerie::firecracker
