#pragma once

#include <memory>

#include "runtime/drivers/vm/vm_machine.hpp"

namespace aerie {

/// Makes VMs of one VMM.
class VmDriver final : public Driver {
 public:
  /// `reactor` watches VMMs and links; `disk` runs what may take the disk's time. Both outlive the
  /// driver and its machines.
  VmDriver(Reactor& reactor, Reactor& disk, VmOptions options, VmMachine::MakeVmm make_vmm);

  [[nodiscard]] MachineKind kind() const override { return MachineKind::vm; }
  [[nodiscard]] MachineNeeds needs() const override;
  [[nodiscard]] std::unique_ptr<Machine> make(MachineSpec spec,
                                              std::shared_ptr<MachineReports> reports) override;
  void survey(std::function<void(std::vector<Orphan> machines)> found) override;

 private:
  Reactor& reactor_;
  Reactor& disk_;
  VmOptions options_;
  VmMachine::MakeVmm make_vmm_;
};

}  // namespace aerie
