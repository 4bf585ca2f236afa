#include "runtime/doctor/doctor.hpp"

#include <algorithm>

#include "messages/time.hpp"
#include "runtime/doctor/checks.hpp"
#include "runtime/drivers/guest_network_options.hpp"

namespace aerie {

void to_json(Json& json, const DoctorCheck& check) {
  json = Json{{"name", check.name},
              {"area", check.area},
              {"ok", check.ok},
              {"message", check.message},
              {"remedy", check.remedy}};
  if (check.limit <= 0) return;
  json["used"] = check.used;
  json["limit"] = check.limit;
}

std::vector<DoctorCheck> examine(const Settings& settings, const Profile& profile,
                                 const std::string& driver) {
  std::vector<DoctorCheck> all;
  const auto add = [&](const char* area, doctor::Checks checks) {
    for (auto& check : checks) {
      check.area = area;
      all.push_back(std::move(check));
    }
  };
  if (driver == "process") {
    add("host", doctor::check_programs(profile, driver));
    add("host", doctor::check_display(profile));
    add("host", doctor::check_media(profile));
    add("host", doctor::check_sandbox(settings, profile));
  } else {
    // A VM brings its own programs: they were checked when its image was made.
    add("image", doctor::check_virtual_machine(settings, profile, driver));
  }
  add("host", {doctor::check_cgroups()});
  add("configuration", doctor::check_configuration(settings));
  if (driver == "process") add("configuration", doctor::check_providers(settings));
  add("network", {doctor::check_port(settings)});
  if (driver == "process" || guests_get_networks(settings))
    add("network", doctor::check_network(settings));
  add("network", {doctor::check_ice_servers(settings)});
  add("disk", {doctor::check_disk(settings)});
  add("limits", {doctor::check_memory(settings, profile), doctor::check_descriptors(settings),
                 doctor::check_threads(settings)});
  add("limits", doctor::check_pids(settings));
  return all;
}

bool all_ok(const std::vector<DoctorCheck>& checks) {
  return std::all_of(checks.begin(), checks.end(), [](const auto& check) { return check.ok; });
}

Json examination(const Settings& settings, const Profile& profile, const std::string& driver) {
  const auto checks = examine(settings, profile, driver);
  return {{"ok", all_ok(checks)},
          {"at", to_rfc3339(wall_now())},
          {"profile", profile.name},
          {"driver", driver},
          {"checks", checks}};
}

}  // namespace aerie
