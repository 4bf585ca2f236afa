#pragma once

#include "guest/init/boot_options.hpp"
#include "messages/cause.hpp"

namespace aerie::init {

/// Mounts what the kernel shows of itself (/proc, /sys, /dev) in the initrd.
[[nodiscard]] Result<void> mount_kernel_files();

/// Makes the root device, read-only, with the guest's own overlay over it, the root of this
/// process, with /proc, /sys, /dev, /dev/pts, /dev/shm, /run and /tmp in it. Errors:
/// `root-missing`, `driver-missing`, `image-corrupt` where what is there can't be mounted.
[[nodiscard]] Result<void> enter_root(const BootOptions& options);

}  // namespace aerie::init
