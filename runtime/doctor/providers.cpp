#include "runtime/config/providers.hpp"

#include <algorithm>

#include "runtime/config/shipped_files.hpp"
#include "runtime/doctor/checks.hpp"
#include "runtime/doctor/probe.hpp"

namespace aerie::doctor {
namespace {

/// A recipe whose tool is elsewhere stops nothing but itself: it is a note.
DoctorCheck check_provider_tool(const Provider& provider) {
  const auto& tool = provider.command.front();
  const auto name = "provider " + provider.name;
  if (tool == "aerie-oidc") {
    const auto path = shipped_program(tool);
    if (find_program(path)) return {name, true, tool + " is " + path + ".", ""};
    return {name, false, "The program " + path + " is missing.",
            "Build it (./run build), or install it beside aerie."};
  }
  if (const auto found = find_program(tool)) return {name, true, tool + " is " + *found + ".", ""};
  return {name, true, "The tool " + tool + " of the provider " + provider.name + " is not here.",
          "Install " + tool + " where guests see it (/usr or /opt) to sign in with it."};
}

}  // namespace

Checks check_providers(const Settings& settings, const Profile& profile) {
  if (profile.find(Builtin::login) == nullptr) return {};
  const auto providers = load_providers(settings);
  if (!providers)
    return {{"providers", false, providers.error().field + " " + providers.error().message + ".",
             "Correct the file, or take its directory out of providers.path."}};
  Checks checks;
  for (const auto& [name, provider] : *providers)
    if (name == provider->name) checks.push_back(check_provider_tool(*provider));
  return checks;
}

}  // namespace aerie::doctor
