#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "actors/ports/machine.hpp"
#include "runtime/drivers/guest_link.hpp"
#include "runtime/drivers/guest_resources.hpp"
#include "runtime/drivers/process/adopted_process.hpp"
#include "runtime/drivers/vm/console_watch.hpp"
#include "runtime/drivers/vm/vmm.hpp"
#include "runtime/process/cgroup.hpp"
#include "runtime/process/process.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie {

/// Where VMs live and what they may use.
struct VmOptions {
  std::string vms_directory;  ///< `STATE/vms`
  std::string driver;         ///< the name in records: `qemu`, `firecracker`
  int uid_base = 0;           ///< the first slot's user, where the controller is root; 0: it is not
  CgroupMounts cgroups;
  std::string cgroup_tag = "guest";
  int overhead_mib = 0;                            ///< of the VMM itself, beyond the guest's memory
  int disk_mib_per_second = 0;                     ///< of what a guest writes to; 0: no limit
  bool templates_have_network = false;             ///< machines to be saved have an interface
  std::map<std::string, std::string> environment;  ///< for /etc/environment of every guest
  /// Outlives the driver and its machines; none: VMs have no network but their link.
  network::GuestNetworks* networks = nullptr;
};

/// One guest in a virtual machine, on the reactor's thread: its directory, cgroup, VMM, console and
/// link. What kind of VMM it is, its `Vmm` knows.
class VmMachine : public std::enable_shared_from_this<VmMachine> {
 public:
  using MakeVmm = std::function<Result<std::unique_ptr<Vmm>>(const MachineSpec& spec, VmPlan plan)>;

  /// `make_vmm` is called on the disk's thread, where looking for images may take its time.
  VmMachine(Reactor& reactor, Reactor& disk, VmOptions options, MakeVmm make_vmm, MachineSpec spec,
            std::shared_ptr<MachineReports> reports);

  void start();
  /// Takes over the VM that an earlier controller left in this directory.
  void adopt();
  void send(const link::HostMessage& message);
  void pause(bool is_paused);
  void kill(const std::string& by);
  void release(const Resource& resource);
  /// Stops watching; the guest lives on.
  void forget();

 private:
  void prepare(bool is_adopted);
  void on_prepared(Result<std::unique_ptr<Vmm>> vmm, bool is_adopted);
  void launch(bool is_adopted);
  [[nodiscard]] Result<void> find_cgroup();
  [[nodiscard]] Result<void> start_vmm();
  [[nodiscard]] Result<void> adopt_vmm();
  void connect();
  void on_connected(Result<UniqueFd> stream);
  void on_linked();
  void renew_guest();
  void on_message(link::GuestMessage message);
  void hide_inner_pids(link::ChildNews& news);
  void on_console(const ConsoleFindings::News& news);
  void on_link_lost(Cause cause);
  void on_exit(ExitRecord exit);
  void explain(ExitRecord& exit);
  void fail(const Cause& cause);

  // vm_machine_network.cpp
  void ask_for_network(bool is_adopted);
  void on_network(Result<network::GuestNetwork> network, bool is_adopted);
  void take_network(std::optional<network::GuestNetwork> network);
  /// For `aerie-init`: what the guest is to make of its interface; null: it has none.
  [[nodiscard]] Json network_words() const;

  [[nodiscard]] VmPlan plan() const;
  [[nodiscard]] bool is_running() const;

  Reactor& reactor_;
  Reactor& disk_;
  VmOptions options_;
  MakeVmm make_vmm_;
  MachineSpec spec_;
  std::shared_ptr<MachineReports> reports_;
  std::string directory_;
  std::string secret_;
  std::optional<Cgroup> cgroup_;
  std::unique_ptr<Vmm> vmm_;
  std::unique_ptr<Process> process_;
  std::unique_ptr<AdoptedProcess> adopted_;  ///< in its place, where the guest was adopted
  UniqueFd tap_;                             ///< until the VMM has it
  std::shared_ptr<GuestMedia> media_;        ///< null: the guest has no network
  std::unique_ptr<ConsoleWatch> console_;
  std::unique_ptr<GuestLink> link_;
  std::optional<std::string> killed_by_;  ///< before there was anything to kill
  std::optional<bool> wanted_pause_;      ///< before there was anything to halt
  bool is_linked_ = false;
  bool is_finished_ = false;  ///< the guest said that its children ended as they were asked to
  TimerId loss_timer_;        ///< the link was lost, the VMM may be ending
};

}  // namespace aerie
