#include "runtime/drivers/process/process_driver.hpp"

#include "runtime/drivers/machine_handle.hpp"
#include "runtime/drivers/process/guest_survey.hpp"
#include "runtime/drivers/process/process_machine.hpp"

namespace aerie {
ProcessDriver::ProcessDriver(Reactor& reactor, Reactor& disk, ProcessDriverOptions options)
    : reactor_(reactor), disk_(disk), options_(std::move(options)) {}

std::unique_ptr<Machine> ProcessDriver::make(MachineSpec spec,
                                             std::shared_ptr<MachineReports> reports) {
  std::vector<Resource> resources{{"", "", "", "directory", "vms/" + spec.vm}};
  if (!options_.cgroups.hierarchies.empty())
    resources.push_back({"", "", "", "cgroup", "aerie/" + cgroup_name(options_, spec.vm)});
  resources.push_back({"", "", "", "process", "guest " + spec.vm});
  auto machine = std::make_shared<ProcessMachine>(reactor_, disk_, options_, std::move(spec),
                                                  std::move(reports));
  return std::make_unique<MachineHandle<ProcessMachine>>(reactor_, std::move(machine),
                                                         std::move(resources));
}

void ProcessDriver::survey(std::function<void(std::vector<Orphan> machines)> found) {
  SurveyScope scope{options_.vms_directory, options_.cgroups, options_.cgroup_tag, "process"};
  disk_.post([scope = std::move(scope), found = std::move(found)] { found(survey_guests(scope)); });
}

}  // namespace aerie
