#include "runtime/drivers/process/process_driver.hpp"

#include "runtime/drivers/process/guest_survey.hpp"
#include "runtime/drivers/process/process_machine.hpp"

namespace aerie {
namespace {

/// What a VM actor holds: every call goes over to the reactor's thread.
class Handle final : public Machine {
 public:
  Handle(Reactor& reactor, std::shared_ptr<ProcessMachine> machine, std::vector<Resource> resources)
      : reactor_(reactor), machine_(std::move(machine)), resources_(std::move(resources)) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  ~Handle() override {
    reactor_.post([machine = std::move(machine_)] { machine->forget(); });
  }

  [[nodiscard]] std::vector<Resource> resources() const override { return resources_; }
  void start() override {
    reactor_.post([machine = machine_] { machine->start(); });
  }
  void adopt() override {
    reactor_.post([machine = machine_] { machine->adopt(); });
  }
  void send(const link::HostMessage& message) override {
    reactor_.post([machine = machine_, message] { machine->send(message); });
  }
  void kill(const std::string& by) override {
    reactor_.post([machine = machine_, by] { machine->kill(by); });
  }
  void release(const Resource& resource) override {
    reactor_.post([machine = machine_, resource] { machine->release(resource); });
  }

 private:
  Reactor& reactor_;
  std::shared_ptr<ProcessMachine> machine_;
  std::vector<Resource> resources_;
};

}  // namespace

ProcessDriver::ProcessDriver(Reactor& reactor, Reactor& disk, ProcessDriverOptions options)
    : reactor_(reactor), disk_(disk), options_(std::move(options)) {}

std::unique_ptr<Machine> ProcessDriver::make(MachineSpec spec,
                                             std::shared_ptr<MachineReports> reports) {
  std::vector<Resource> resources{{"", "", "", "directory", "vms/" + spec.vm}};
  if (!options_.cgroups.hierarchies.empty())
    resources.push_back({"", "", "", "cgroup", "aerie/" + cgroup_name(options_, spec.vm)});
  if (options_.networks != nullptr)
    resources.push_back({"", "", "", "network", options_.networks->interface_of(spec.slot)});
  resources.push_back({"", "", "", "process", "guest " + spec.vm});
  auto machine = std::make_shared<ProcessMachine>(reactor_, disk_, options_, std::move(spec),
                                                  std::move(reports));
  return std::make_unique<Handle>(reactor_, std::move(machine), std::move(resources));
}

void ProcessDriver::survey(std::function<void(std::vector<Orphan> machines)> found) {
  disk_.post([options = options_, found = std::move(found)] {
    auto guests = survey_guests(options);
    if (options.networks == nullptr) return found(std::move(guests));
    options.networks->survey(
        [guests = std::move(guests), found](const std::vector<network::FoundNetwork>& networks) {
          found(with_networks(guests, networks));
        });
  });
}

}  // namespace aerie
