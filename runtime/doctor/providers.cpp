#include "runtime/config/providers.hpp"

#include <filesystem>

#include "runtime/config/shipped_files.hpp"
#include "runtime/doctor/checks.hpp"
#include "runtime/doctor/probe.hpp"

namespace aerie::doctor {
namespace {

/// Of the host's programs guests see those below /usr and /opt
/// (`runtime/drivers/process/sandbox.hpp`).
bool is_seen_by_guests(const std::string& program) {
  std::error_code error;
  const auto path = std::filesystem::canonical(program, error).string();
  return !error && (path.starts_with("/usr/") || path.starts_with("/opt/"));
}

DoctorCheck check_provider_tool(const Provider& provider) {
  const auto& tool = provider.command.front();
  const auto name = "provider " + provider.name;
  if (tool == "aerie-oidc") {
    const auto path = shipped_program(tool);
    if (find_program(path)) return {name, true, tool + " is " + path + ".", ""};
    return {name, false, "The program " + path + " is missing.",
            "Build it (./run build), or install it beside aerie."};
  }
  const auto found = find_program(tool);
  if (found && is_seen_by_guests(*found)) return {name, true, tool + " is " + *found + ".", ""};
  return {name, true,
          "The tool " + tool + " of the provider " + provider.name +
              (found ? " is " + *found + ", where guests don't see it." : " is not here."),
          "Install " + tool + " below /usr or /opt to sign in with it."};
}

}  // namespace

Checks check_providers(const Settings& settings) {
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
