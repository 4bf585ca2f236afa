#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/ports/machine.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie {

/// What a VM actor holds of a machine that lives on the reactor's thread: every call goes over to
/// it.
template <class Inner>
class MachineHandle final : public Machine {
 public:
  MachineHandle(Reactor& reactor, std::shared_ptr<Inner> machine, std::vector<Resource> resources)
      : reactor_(reactor), machine_(std::move(machine)), resources_(std::move(resources)) {}
  MachineHandle(const MachineHandle&) = delete;
  MachineHandle& operator=(const MachineHandle&) = delete;

  ~MachineHandle() override {
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
  void pause(bool is_paused) override {
    reactor_.post([machine = machine_, is_paused] { machine->pause(is_paused); });
  }
  void kill(const std::string& by) override {
    reactor_.post([machine = machine_, by] { machine->kill(by); });
  }
  void release(const Resource& resource) override {
    reactor_.post([machine = machine_, resource] { machine->release(resource); });
  }

 private:
  Reactor& reactor_;
  std::shared_ptr<Inner> machine_;
  std::vector<Resource> resources_;
};

}  // namespace aerie
