#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/drivers/firecracker/firecracker_driver.hpp"
#include "runtime/drivers/firecracker/firecracker_vmm.hpp"
#include "runtime/drivers/vm/state_saver.hpp"

namespace aerie::firecracker {

/// The programs as absolute paths; empty where they are not there.
[[nodiscard]] FirecrackerVmm::Programs find_programs(const FirecrackerPrograms& programs);

/// The first line of `firecracker --version`; empty where it says none. Blocks.
[[nodiscard]] std::string version_of(const std::string& firecracker);

/// Whether a snapshot can be loaded with another tap (`network_overrides`): from version 1.12 on.
[[nodiscard]] bool takes_other_taps(const std::string& version);

/// What a snapshot must be the same in, beside image and profile. `has_interface`: a snapshot's
/// guest has the interfaces that it had.
[[nodiscard]] std::vector<std::string> identity_of(const std::string& version,
                                                   const Resources& resources, bool is_jailed,
                                                   bool has_interface);

/// Machines of Firecracker are saved as full snapshots: state and memory, two files.
/// `guests_have_network`: those that will go on from them.
[[nodiscard]] std::unique_ptr<StateSource> make_state_source(FirecrackerPrograms programs,
                                                             bool guests_have_network);

}  // namespace aerie::firecracker
