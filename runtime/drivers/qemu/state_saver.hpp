#pragma once

#include <string>

#include "messages/profile.hpp"
#include "messages/shared_value.hpp"
#include "runtime/drivers/qemu/saved_state.hpp"
#include "runtime/process/spawn.hpp"

namespace aerie {

struct SaveRequest {
  ImageSettings images;
  SharedValue<Profile> profile;
  int uid_base = 0;  ///< the guest's user, where this process is root; 0: it is not
  Duration within{180'000};
};

/// Boots a guest of the profile, waits until all but its streamer is ready, and saves it where
/// `SavedStates` finds it; what is there already stays. Blocks, for as long as a boot takes.
/// Errors: what kept it from booting; `deadline`, `vmm-failed`, `disk-full`, `store-failed`.
[[nodiscard]] Result<SavedState> save_guest(const SaveRequest& request);

}  // namespace aerie
