#pragma once

#include "guest/init/boot_options.hpp"
#include "messages/cause.hpp"

namespace aerie::init {

/// Brings up the loopback interface and, where the options give an address, `eth0` with it, its
/// gateway and /etc/resolv.conf. Errors: `network-failed`, `driver-missing` without `eth0`.
[[nodiscard]] Result<void> set_up_network(const BootOptions& options);

}  // namespace aerie::init
