#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runtime/drivers/firecracker/boot_sequence.hpp"
#include "runtime/drivers/firecracker/jail.hpp"
#include "runtime/drivers/vm/vmm.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie::firecracker {

/// Firecracker, one process a VM. Where the controller is root and there is a jailer, in a jail;
/// else with the image's files as descriptors, in a directory of its own, so that it runs as a user
/// who can reach nothing of ours. Its sockets, log and metrics lie there.
class FirecrackerVmm final : public Vmm {
 public:
  struct Programs {
    std::string firecracker;  ///< absolute
    std::string jailer;       ///< absolute; empty: none
  };
  FirecrackerVmm(Reactor& reactor, VmPlan plan, Programs programs);

  [[nodiscard]] Result<void> prepare() override;
  [[nodiscard]] Result<SpawnRequest> command(std::optional<int> tap) override;
  void on_started(bool is_adopted, std::function<void(Cause cause)> failed) override;
  void connect(std::function<void(Result<UniqueFd> stream)> connected) override;
  [[nodiscard]] std::optional<Cause> explain(const ExitRecord& exit) const override;

 private:
  [[nodiscard]] bool is_jailed() const { return plan_.identity && !programs_.jailer.empty(); }
  [[nodiscard]] JailSettings jail() const;
  [[nodiscard]] std::string room() const;
  [[nodiscard]] VmSockets sockets() const;
  [[nodiscard]] BootSettings settings() const;
  [[nodiscard]] std::string seen_as(const char* name) const;
  [[nodiscard]] Result<void> make_room() const;
  [[nodiscard]] Result<void> lend_files();
  [[nodiscard]] Result<void> keep_tap(int tap);
  [[nodiscard]] Result<void> listen_for_knock();
  void on_knock();

  Reactor& reactor_;
  VmPlan plan_;
  Programs programs_;
  std::map<int, UniqueFd> lent_;  ///< by their number in Firecracker, until it runs
  std::string tap_;               ///< the host's device; empty: none
  UniqueFd knock_;
  Watch knock_watch_;
  bool is_adopted_ = false;
  std::function<void(Cause)> failed_;
  std::function<void(Result<UniqueFd>)> connected_;
  std::unique_ptr<BootSequence> boot_;
  std::unique_ptr<VsockConnection> link_;  ///< of an adopted guest
};

}  // namespace aerie::firecracker
