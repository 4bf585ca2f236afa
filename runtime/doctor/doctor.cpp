#include "runtime/doctor/doctor.hpp"

#include <algorithm>

#include "runtime/doctor/checks.hpp"
#include "runtime/drivers/guest_network_options.hpp"

namespace aerie {

void to_json(Json& json, const DoctorCheck& check) {
  json = Json{
      {"name", check.name}, {"ok", check.ok}, {"message", check.message}, {"remedy", check.remedy}};
}

std::vector<DoctorCheck> examine(const Settings& settings, const Profile& profile,
                                 const std::string& driver) {
  std::vector<DoctorCheck> all;
  const auto add = [&](doctor::Checks checks) {
    std::move(checks.begin(), checks.end(), std::back_inserter(all));
  };
  if (driver == "process") {
    add(doctor::check_programs(profile, driver));
    add(doctor::check_display(profile));
    add(doctor::check_media(profile));
    add(doctor::check_providers(settings));
    add(doctor::check_sandbox(settings, profile));
  } else {
    // A VM brings its own programs: they were checked when its image was made.
    add(doctor::check_virtual_machine(settings, profile, driver));
  }
  all.push_back(doctor::check_cgroups());
  all.push_back(doctor::check_memory(settings, profile));
  all.push_back(doctor::check_port(settings));
  all.push_back(doctor::check_disk(settings));
  all.push_back(doctor::check_descriptors(settings));
  if (driver == "process" || guests_get_networks(settings)) add(doctor::check_network(settings));
  return all;
}

bool all_ok(const std::vector<DoctorCheck>& checks) {
  return std::all_of(checks.begin(), checks.end(), [](const auto& check) { return check.ok; });
}

}  // namespace aerie
