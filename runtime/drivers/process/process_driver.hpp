#pragma once

#include <memory>
#include <string>

#include "actors/ports/machine.hpp"
#include "runtime/network/guest_networks.hpp"
#include "runtime/process/cgroup.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie {

struct ProcessDriverOptions {
  std::string vms_directory;  ///< `STATE/vms`
  std::string guest_program;
  std::string stream_program;
  std::string login_program;
  std::string oidc_program;
  std::string enter_program;
  std::string media_registry;  ///< see `make_media_registry`; empty: none
  int uid_base = 0;  ///< the first slot's user, where the controller is root; 0: it is not
  CgroupMounts cgroups;
  std::string cgroup_tag = "guest";  ///< tells this state directory's cgroups from others'
  /// Outlives the driver and its machines; none: guests share the host's network.
  network::GuestNetworks* networks = nullptr;
};

/// The driver `process`: a guest is a tree of sandboxed processes on this host.
class ProcessDriver final : public Driver {
 public:
  /// `reactor` watches processes and links; `disk` runs what may take the disk's time. Both outlive
  /// the driver and its machines.
  ProcessDriver(Reactor& reactor, Reactor& disk, ProcessDriverOptions options);

  [[nodiscard]] std::unique_ptr<Machine> make(MachineSpec spec,
                                              std::shared_ptr<MachineReports> reports) override;
  void survey(std::function<void(std::vector<Orphan> machines)> found) override;

 private:
  Reactor& reactor_;
  Reactor& disk_;
  ProcessDriverOptions options_;
};

}  // namespace aerie
