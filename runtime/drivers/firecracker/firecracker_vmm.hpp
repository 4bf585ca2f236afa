#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runtime/drivers/firecracker/boot_sequence.hpp"
#include "runtime/drivers/firecracker/jail.hpp"
#include "runtime/drivers/firecracker/template_tap.hpp"
#include "runtime/drivers/vm/saved_state.hpp"
#include "runtime/drivers/vm/vmm.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie::firecracker {

/// What every guest's kernel is told.
[[nodiscard]] const char* firecracker_kernel_arguments();

/// Firecracker, one process a VM. Where the controller is root and there is a jailer, in a jail;
/// else with the image's files as descriptors, in a directory of its own, so that it runs as a user
/// who can reach nothing of ours. Its sockets, log and metrics lie there.
class FirecrackerVmm final : public Vmm {
 public:
  struct Programs {
    std::string firecracker;  ///< absolute
    std::string jailer;       ///< absolute; empty: none
  };
  struct Options {
    Programs programs;
    std::optional<SavedState> state;  ///< what the guest goes on from; none: it boots
    bool has_template_tap = false;    ///< it is to be saved, with an interface
  };
  FirecrackerVmm(Reactor& reactor, VmPlan plan, Options options);

  /// Where Firecracker works, as this host sees it: its jail, or a directory in the VM's.
  [[nodiscard]] static std::string room_in(const std::string& directory, const Programs& programs,
                                           const std::optional<SpawnRequest::Identity>& user);
  [[nodiscard]] static bool is_jailed(const Programs& programs,
                                      const std::optional<SpawnRequest::Identity>& user) {
    return user && !programs.jailer.empty();
  }

  [[nodiscard]] Result<void> prepare() override;
  [[nodiscard]] Result<SpawnRequest> command(std::optional<int> tap) override;
  void on_started(bool is_adopted, std::function<void(Cause cause)> failed) override;
  void connect(std::function<void(Result<UniqueFd> stream)> connected) override;
  [[nodiscard]] std::optional<std::string> former_secret() const override;
  void pause(bool is_paused, std::function<void(Result<void> outcome)> done) override;
  [[nodiscard]] std::optional<Cause> explain(const ExitRecord& exit) const override;

 private:
  [[nodiscard]] bool is_jailed() const { return is_jailed(options_.programs, plan_.identity); }
  [[nodiscard]] std::string room() const {
    return room_in(plan_.directory, options_.programs, plan_.identity);
  }
  [[nodiscard]] JailSettings jail() const;
  [[nodiscard]] VmSockets sockets() const;
  [[nodiscard]] std::optional<RateLimiter> limiter() const;
  [[nodiscard]] BootSettings settings() const;
  [[nodiscard]] RestoreSettings restore_settings() const;
  [[nodiscard]] std::string seen_as(const char* name) const;
  [[nodiscard]] Result<void> make_room() const;
  [[nodiscard]] Result<void> lend_files();
  [[nodiscard]] Result<void> keep_tap(int tap);
  [[nodiscard]] Result<void> make_template_tap();
  [[nodiscard]] Result<void> listen_for_knock();
  void on_knock();

  Reactor& reactor_;
  VmPlan plan_;
  Options options_;
  std::map<int, UniqueFd> lent_;  ///< by their number in Firecracker, until it runs
  std::string tap_;               ///< the host's device; empty: none
  std::unique_ptr<TemplateTap> template_tap_;
  UniqueFd knock_;
  Watch knock_watch_;
  bool is_adopted_ = false;
  std::function<void(Cause)> failed_;
  std::function<void(Result<UniqueFd>)> connected_;
  std::unique_ptr<BootSequence> boot_;
  std::unique_ptr<VsockConnection> link_;  ///< of an adopted guest
  std::unique_ptr<ApiClient> api_;         ///< likewise, once it is needed
};

}  // namespace aerie::firecracker
