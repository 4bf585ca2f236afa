#pragma once

#include <memory>
#include <string>

#include "runtime/drivers/qemu/qemu_command.hpp"
#include "runtime/drivers/vm/state_saver.hpp"

namespace aerie {

/// The first line of `qemu-system-x86_64 --version`; empty where there is none. Blocks.
[[nodiscard]] std::string qemu_version();

/// What a saved machine must be the same in, beside image and profile.
[[nodiscard]] std::vector<std::string> qemu_identity(const QemuMachine& machine,
                                                     const std::string& version);

/// Machines of QEMU are saved by its own migration, into one file.
[[nodiscard]] std::unique_ptr<StateSource> make_qemu_state_source();

}  // namespace aerie
