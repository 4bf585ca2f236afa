#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/ports/machine.hpp"
#include "messages/profile.hpp"
#include "messages/shared_value.hpp"
#include "runtime/drivers/vm/saved_state.hpp"
#include "runtime/drivers/vm/vm_machine.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/spawn.hpp"

namespace aerie {

/// How the machines of one driver are saved. Its functions block.
class StateSource {
 public:
  virtual ~StateSource() = default;

  /// What a state must be the same in, beside image and profile.
  [[nodiscard]] virtual std::vector<std::string> identity(
      const GuestImage& image, const Profile& profile,
      const std::optional<SpawnRequest::Identity>& user) = 0;
  [[nodiscard]] virtual std::shared_ptr<Driver> make_driver(Reactor& reactor, Reactor& disk,
                                                            VmOptions options,
                                                            const ImageSettings& images) = 0;
  /// Writes memory and devices of the machine in this directory into the state's folder, and leaves
  /// it halted, so that its overlay stays what it is.
  [[nodiscard]] virtual Result<void> save(Reactor& reactor, const std::string& directory,
                                          const SavedState& state, Duration within) = 0;
};

struct SaveRequest {
  ImageSettings images;
  SharedValue<Profile> profile;
  int uid_base = 0;  ///< the guest's user, where this process is root; 0: it is not
  Duration within{180'000};
};

/// Boots a guest of the profile, waits until all but its streamer is ready, and saves it where
/// `SavedStates` finds it; what is there already stays. Blocks, for as long as a boot takes.
/// Errors: what kept it from booting; `deadline`, `vmm-failed`, `disk-full`, `store-failed`.
[[nodiscard]] Result<SavedState> save_guest(const SaveRequest& request, StateSource& source);

/// For sources: what could not be written, and why.
[[nodiscard]] Cause not_saved(const std::string& why);

}  // namespace aerie
