#include "runtime/drivers/process/guest_survey.hpp"

#include <filesystem>
#include <map>

#include "runtime/drivers/process/guest_record.hpp"
#include "runtime/secrets/identity.hpp"

namespace aerie {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> directories_in(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{path, error})
    if (entry.symlink_status(error).type() == fs::file_type::directory)
      names.push_back(entry.path().filename());
  return names;
}

void add_process(Orphan& orphan, const std::string& directory) {
  const auto record = read_guest_record(directory);
  if (!record) return;
  if (record->slot >= 0) orphan.slot = record->slot;
  const bool is_running =
      record->process.pid > 0 && identity_of(record->process.pid) == record->process;
  if (is_running) orphan.resources.push_back({"", "", orphan.vm, "process", "guest " + orphan.vm});
}

}  // namespace

std::string cgroup_name(const ProcessDriverOptions& options, const std::string& vm) {
  return options.cgroup_tag + "-" + vm;
}

std::vector<Orphan> survey_guests(const SurveyScope& scope) {
  std::map<std::string, Orphan> found;
  const auto is_ours = [&](const std::string& vm) {
    if (!is_uuid(vm)) return false;
    const auto record = read_guest_record(scope.vms_directory + "/" + vm);
    return (record ? record->driver : "process") == scope.driver;
  };
  const auto orphan_of = [&](const std::string& vm) -> Orphan& {
    auto& orphan = found[vm];
    orphan.vm = vm;
    return orphan;
  };
  for (const auto& vm : directories_in(scope.vms_directory))
    if (is_ours(vm)) orphan_of(vm).resources.push_back({"", "", vm, "directory", "vms/" + vm});
  const auto prefix = scope.cgroup_tag + "-";
  for (const auto& name : list_cgroups(scope.cgroups)) {
    if (!name.starts_with(prefix)) continue;
    const auto vm = name.substr(prefix.size());
    if (is_ours(vm)) orphan_of(vm).resources.push_back({"", "", vm, "cgroup", "aerie/" + name});
  }
  std::vector<Orphan> orphans;
  for (auto& [vm, orphan] : found) {
    add_process(orphan, scope.vms_directory + "/" + vm);
    orphan.cause = {
        CauseKind::controller_restarted,
        "No actor owns what there is of the guest " + vm + ".",
        "It is removed after guests.quarantineMs; put a hold on its session to keep it.",
        {}};
    orphans.push_back(std::move(orphan));
  }
  return orphans;
}

}  // namespace aerie
