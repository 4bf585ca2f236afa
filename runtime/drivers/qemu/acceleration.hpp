#pragma once

#include <optional>
#include <string>

#include "runtime/drivers/qemu/qemu_command.hpp"
#include "runtime/process/spawn.hpp"

namespace aerie {

struct AccelerationChoice {
  Acceleration acceleration = Acceleration::tcg;
  std::int64_t tsc_khz = 0;  ///< for `qemu_kernel_arguments`: under TCG the guest has the host's
  std::string why;           ///< one sentence, for `doctor` and the log
};

/// KVM where the guest's user may open /dev/kvm and this kernel really starts under it, else TCG:
/// there are hosts on which KVM opens and no stock kernel runs. Boots the kernel for at most 3 s;
/// blocks as long.
[[nodiscard]] AccelerationChoice choose_acceleration(
    const std::string& kernel, const std::optional<SpawnRequest::Identity>& identity);

}  // namespace aerie
