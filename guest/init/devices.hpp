#pragma once

#include <string>

#include "messages/cause.hpp"

namespace aerie::init {

/// Loads the kernel modules that the file lists, a path a line, in that order. Errors:
/// `driver-missing` naming the module and why.
[[nodiscard]] Result<void> load_modules(const std::string& list);

/// Why a block device is not there, after the modules were loaded: `driver-missing` where a device
/// of the machine has no driver, or none of its bus is seen; else `root-missing`.
[[nodiscard]] Cause why_missing(const std::string& device);

/// The device of a virtio-serial port with this name; empty where there is none.
[[nodiscard]] std::string serial_port_named(const std::string& name);

}  // namespace aerie::init
