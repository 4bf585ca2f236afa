#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aerie::init {

/// What the driver says on the kernel's command line (`aerie.NAME=VALUE`): nothing secret, for
/// everyone in the guest may read it.
struct BootOptions {
  std::string root = "/dev/vda";     ///< `aerie.root`: the read-only file system
  std::string overlay = "/dev/vdb";  ///< `aerie.overlay`: what this guest writes; `none`: memory
  /// `aerie.link=vsock:PORT`: the link's port; none: a virtio-serial port named aerie.link.
  std::optional<std::uint32_t> vsock_port;
  /// `aerie.end=reboot`: the machine ends by a reboot, for its VMM has no way to turn it off.
  bool ends_by_reboot = false;
};

/// Options that are not known, or not well formed, count as not there.
[[nodiscard]] BootOptions parse_boot_options(std::string_view command_line);

/// Of this machine (/proc/cmdline).
[[nodiscard]] BootOptions boot_options();

}  // namespace aerie::init
