#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runtime/drivers/qemu/acceleration.hpp"
#include "runtime/drivers/qemu/qemu_command.hpp"
#include "runtime/drivers/qemu/qmp_client.hpp"
#include "runtime/drivers/vm/vmm.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie {

/// QEMU's machine `microvm`, one process a VM. Everything it opens is handed to it as a descriptor;
/// it listens for us on two sockets in the VM's directory, the link's and the monitor's.
class QemuVmm final : public Vmm {
 public:
  QemuVmm(Reactor& reactor, VmPlan plan, AccelerationChoice choice);

  [[nodiscard]] Result<void> prepare() override;
  [[nodiscard]] Result<SpawnRequest> command() override;
  void on_started(bool is_adopted, std::function<void(Cause cause)> failed) override;
  void connect(std::function<void(Result<UniqueFd> stream)> connected) override;
  [[nodiscard]] std::optional<Cause> explain(const ExitRecord& exit) const override;

 private:
  [[nodiscard]] Result<void> lend(const std::string& path, int flags, int as);
  [[nodiscard]] std::string link_path() const { return plan_.directory + "/link.sock"; }
  [[nodiscard]] std::string monitor_path() const { return plan_.directory + "/qmp.sock"; }

  Reactor& reactor_;
  VmPlan plan_;
  AccelerationChoice choice_;
  std::map<int, UniqueFd> lent_;  ///< by their number in QEMU, until it runs
  std::unique_ptr<QmpClient> monitor_;
};

}  // namespace aerie
