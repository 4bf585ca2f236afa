#pragma once

#include <string>
#include <vector>

#include "messages/interfaces.hpp"
#include "runtime/drivers/process/process_driver.hpp"

namespace aerie {

/// The name of a guest's cgroup. It begins with what tells this state directory from others', for
/// all controllers of a host make theirs in one place.
[[nodiscard]] std::string cgroup_name(const ProcessDriverOptions& options, const std::string& vm);

/// Where guests leave what a survey finds, and whose guests are wanted.
struct SurveyScope {
  std::string vms_directory;
  CgroupMounts cgroups;
  std::string cgroup_tag;
  std::string driver;
};

/// Every guest of the driver that has a directory, a cgroup or a process of this state directory,
/// whoever made it; names that are no VM's are somebody else's. What has no record of its driver is
/// taken for `process`. Reads the disk.
[[nodiscard]] std::vector<Orphan> survey_guests(const SurveyScope& scope);

}  // namespace aerie
