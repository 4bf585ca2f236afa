#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runtime/drivers/qemu/qemu_command.hpp"
#include "runtime/drivers/qemu/qmp_client.hpp"
#include "runtime/drivers/vm/saved_state.hpp"
#include "runtime/drivers/vm/vmm.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie {

/// Where QEMU listens for us in the VM's directory.
[[nodiscard]] inline std::string qemu_link_path(const std::string& directory) {
  return directory + "/link.sock";
}
[[nodiscard]] inline std::string qemu_monitor_path(const std::string& directory) {
  return directory + "/qmp.sock";
}

/// QEMU's machine `microvm`, one process a VM. Everything it opens is handed to it as a descriptor;
/// it listens for us on two sockets in the VM's directory, the link's and the monitor's; who wants
/// the monitor connects to it (`QmpClient`).
class QemuVmm final : public Vmm {
 public:
  struct Options {
    QemuMachine machine;
    std::optional<SavedState> state;  ///< what the guest goes on from; none: it boots
    std::string program = qemu_program;
    bool is_watched = true;  ///< else its monitor is left to somebody else
  };
  QemuVmm(Reactor& reactor, VmPlan plan, Options options);

  [[nodiscard]] Result<void> prepare() override;
  [[nodiscard]] std::optional<network::GuestNetwork> own_network() override;
  [[nodiscard]] std::optional<network::GuestNetwork> own_network(
      const std::vector<std::uint16_t>& ports) override;
  [[nodiscard]] Result<SpawnRequest> command(std::optional<int> tap) override;
  void on_started(bool is_adopted, std::function<void(Cause cause)> failed) override;
  void connect(std::function<void(Result<UniqueFd> stream)> connected) override;
  [[nodiscard]] std::optional<std::string> former_secret() const override;
  void pause(bool is_paused, std::function<void(Result<void> outcome)> done) override;
  [[nodiscard]] std::optional<Cause> explain(const ExitRecord& exit) const override;

 private:
  [[nodiscard]] Result<void> lend(const std::string& path, int flags, int as);

  Reactor& reactor_;
  VmPlan plan_;
  Options options_;
  std::map<int, UniqueFd> lent_;  ///< by their number in QEMU, until it runs
  std::unique_ptr<QmpClient> monitor_;
};

}  // namespace aerie
