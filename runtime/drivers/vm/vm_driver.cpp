#include "runtime/drivers/vm/vm_driver.hpp"

#include "runtime/drivers/machine_handle.hpp"
#include "runtime/drivers/process/guest_survey.hpp"

namespace aerie {
namespace {

// Its console, its record, and what a session with a terminal was seen to write to its overlay.
constexpr std::int64_t written_bytes = 64LL << 20;

}  // namespace

VmDriver::VmDriver(Reactor& reactor, Reactor& disk, VmOptions options, VmMachine::MakeVmm make_vmm)
    : reactor_(reactor),
      disk_(disk),
      options_(std::move(options)),
      make_vmm_(std::move(make_vmm)) {}

MachineNeeds VmDriver::needs() const {
  return {options_.overhead_mib, written_bytes};
}

std::unique_ptr<Machine> VmDriver::make(MachineSpec spec, std::shared_ptr<MachineReports> reports) {
  std::vector<Resource> resources{{"", "", "", "directory", "vms/" + spec.vm}};
  if (!options_.cgroups.hierarchies.empty())
    resources.push_back({"", "", "", "cgroup", "aerie/" + options_.cgroup_tag + "-" + spec.vm});
  if (options_.networks != nullptr)
    resources.push_back({"", "", "", "network", options_.networks->interface_of(spec.slot)});
  resources.push_back({"", "", "", "process", options_.driver + " " + spec.vm});
  auto machine = std::make_shared<VmMachine>(reactor_, disk_, options_, make_vmm_, std::move(spec),
                                             std::move(reports));
  return std::make_unique<MachineHandle<VmMachine>>(reactor_, std::move(machine),
                                                    std::move(resources));
}

void VmDriver::survey(std::function<void(std::vector<Orphan> machines)> found) {
  survey_guests(disk_, options_.networks,
                {options_.vms_directory, options_.cgroups, options_.cgroup_tag, options_.driver},
                std::move(found));
}

}  // namespace aerie
