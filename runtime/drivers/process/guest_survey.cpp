#include "runtime/drivers/process/guest_survey.hpp"

#include <algorithm>
#include <charconv>
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

bool is_guest_of(const SurveyScope& scope, const std::string& vm) {
  if (!is_uuid(vm)) return false;
  const auto record = read_guest_record(scope.vms_directory + "/" + vm);
  return (record ? record->driver : "process") == scope.driver;
}

Cause not_owned(const std::string& vm) {
  return {CauseKind::controller_restarted,
          "No actor owns what there is of the guest " + vm + ".",
          "It is removed after guests.quarantineMs; put a hold on its session to keep it.",
          {}};
}

/// Interfaces end with `-SLOT`.
std::optional<int> slot_of(const std::string& interface) {
  int slot = 0;
  const auto* begin = interface.data() + interface.rfind('-') + 1;
  const auto* end = interface.data() + interface.size();
  const auto [at, error] = std::from_chars(begin, end, slot);
  return error == std::errc{} && at == end ? std::optional{slot} : std::nullopt;
}

}  // namespace

std::string cgroup_name(const ProcessDriverOptions& options, const std::string& vm) {
  return options.cgroup_tag + "-" + vm;
}

std::vector<Orphan> survey_guests(const SurveyScope& scope) {
  std::map<std::string, Orphan> found;
  const auto is_ours = [&](const std::string& vm) { return is_guest_of(scope, vm); };
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
    orphan.cause = not_owned(vm);
    orphans.push_back(std::move(orphan));
  }
  return orphans;
}

std::vector<Orphan> with_networks(std::vector<Orphan> guests,
                                  const std::vector<network::FoundNetwork>& networks) {
  for (const auto& network : networks) {
    if (!is_uuid(network.vm)) continue;
    auto orphan = std::find_if(guests.begin(), guests.end(),
                               [&](const Orphan& each) { return each.vm == network.vm; });
    if (orphan == guests.end()) {
      Orphan fresh;
      fresh.vm = network.vm;
      fresh.cause = not_owned(network.vm);
      orphan = guests.insert(guests.end(), std::move(fresh));
    }
    // Before the process, as it was acquired.
    auto& resources = orphan->resources;
    const auto process = std::find_if(resources.begin(), resources.end(),
                                      [](const Resource& each) { return each.kind == "process"; });
    resources.insert(process, {"", "", network.vm, "network", network.interface});
    if (!orphan->slot) orphan->slot = slot_of(network.interface);
  }
  return guests;
}

void survey_guests(Reactor& disk, network::GuestNetworks* networks, SurveyScope scope,
                   std::function<void(std::vector<Orphan> machines)> found) {
  const auto on_disk = [scope = std::move(scope),
                        found = std::move(found)](std::vector<network::FoundNetwork> all) {
    std::erase_if(all, [&](const auto& each) { return !is_guest_of(scope, each.vm); });
    found(with_networks(survey_guests(scope), all));
  };
  if (networks == nullptr) {
    disk.post([on_disk] { on_disk({}); });
    return;
  }
  networks->survey([&disk, on_disk](std::vector<network::FoundNetwork> all) {
    disk.post([on_disk, all = std::move(all)] { on_disk(all); });
  });
}

}  // namespace aerie
