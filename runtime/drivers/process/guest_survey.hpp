#pragma once

#include <string>
#include <vector>

#include "messages/interfaces.hpp"
#include "runtime/drivers/process/process_driver.hpp"

namespace aerie {

/// The name of a guest's cgroup. It begins with what tells this state directory from others', for
/// all controllers of a host make theirs in one place.
[[nodiscard]] std::string cgroup_name(const ProcessDriverOptions& options, const std::string& vm);

/// Every guest that has a directory, a cgroup or a process of this state directory, whoever made
/// it; names that are no VM's are somebody else's. Reads the disk.
[[nodiscard]] std::vector<Orphan> survey_guests(const ProcessDriverOptions& options);

/// The same with what there is of their networks; pure.
[[nodiscard]] std::vector<Orphan> with_networks(std::vector<Orphan> guests,
                                                const std::vector<network::FoundNetwork>& networks);

}  // namespace aerie
