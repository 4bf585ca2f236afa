#pragma once

#include <string>
#include <string_view>

namespace aerie::init {

/// What the driver says on the kernel's command line (`aerie.NAME=VALUE`): nothing secret, for
/// everyone in the guest may read it.
struct BootOptions {
  std::string root = "/dev/vda";     ///< `aerie.root`: the read-only file system
  std::string overlay = "/dev/vdb";  ///< `aerie.overlay`: what this guest writes; `none`: memory
};

[[nodiscard]] BootOptions parse_boot_options(std::string_view command_line);

}  // namespace aerie::init
