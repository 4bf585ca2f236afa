#include <iostream>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/terminal_text.hpp"
#include "runtime/config/config_keys.hpp"
#include "runtime/doctor/doctor.hpp"

namespace aerie::cli {
namespace {

void print(const std::vector<DoctorCheck>& checks) {
  for (const auto& check : checks) {
    std::cout << (!check.ok              ? "FAIL  "
                  : check.remedy.empty() ? "ok    "
                                         : "note  ")
              << check.name << ": " << terminal_text(check.message) << "\n";
    if (!check.remedy.empty()) std::cout << "      " << check.remedy << "\n";
  }
}

/// An unknown driver's error; nothing when it is known.
std::optional<std::string> wrong_driver(const std::string& driver) {
  for (const auto& key : config_keys())
    if (key.name == "driver") {
      Settings settings;
      return key.assign(settings, driver);
    }
  return std::nullopt;
}

}  // namespace

int run_doctor(const CommonOptions& options, const std::string& profile, const std::string& driver,
               bool as_json) {
  const auto configuration = read_configuration(options);
  if (!configuration) return refused;
  const auto& settings = configuration->settings;
  const auto profiles = load_profiles(settings);
  if (!profiles) {
    tell_error(profiles.error().field + " " + profiles.error().message, "Correct the profile.");
    return refused;
  }
  const auto name = profile.empty() ? settings.profile : profile;
  const auto found = profiles->find(name);
  if (found == profiles->end()) {
    std::vector<std::string> names;
    for (const auto& [each, content] : *profiles)
      names.push_back(each);
    tell_error("The profile " + name + " " + unknown_name_message(name, names) + ".",
               "Name a profile that is there, or add its directory to profiles.path.");
    return answer_is_no;
  }
  const auto chosen = driver.empty() ? settings.driver : driver;
  if (const auto wrong = wrong_driver(chosen)) {
    tell_error("--driver " + *wrong, "Name a driver that is there.");
    return answer_is_no;
  }
  if (as_json) {
    const auto found_out = examination(settings, *found->second, chosen);
    std::cout << found_out.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
    return found_out["ok"].get<bool>() ? fine : answer_is_no;
  }
  const auto checks = examine(settings, *found->second, chosen);
  print(checks);
  return all_ok(checks) ? fine : answer_is_no;
}

}  // namespace aerie::cli
