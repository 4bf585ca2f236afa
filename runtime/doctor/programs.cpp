#include <algorithm>
#include <array>

#include "runtime/config/shipped_files.hpp"
#include "runtime/doctor/checks.hpp"
#include "runtime/doctor/probe.hpp"

namespace aerie::doctor {
namespace {

/// Debian's packages of the programs that the shipped profiles and drivers start.
constexpr std::array packages{
    std::pair{"Xvfb", "xvfb"},
    std::pair{"xkbcomp", "x11-xkb-utils"},
    std::pair{"bwrap", "bubblewrap"},
    std::pair{"chromium", "chromium"},
    std::pair{"openbox", "openbox"},
    std::pair{"xterm", "xterm"},
    std::pair{"pulseaudio", "pulseaudio"},
};

std::string remedy_for(const std::string& program) {
  for (const auto& [name, package] : packages)
    if (program == name) return std::string("Install the Debian package ") + package + ".";
  return "Install the package that brings " + program + ", or correct the profile.";
}

DoctorCheck check_program(const std::string& program) {
  const auto found = find_program(program);
  if (found) return {"program " + program, true, program + " is " + *found + ".", ""};
  return {"program " + program, false, program + " is not in PATH.", remedy_for(program)};
}

DoctorCheck check_own_program(const std::string& program) {
  const auto path = shipped_program(program);
  if (find_program(path)) return {"program " + program, true, program + " is " + path + ".", ""};
  return {"program " + program, false, "The program " + path + " is missing.",
          "Build it (./run build), or install it beside aerie."};
}

void add_once(std::vector<std::string>& list, const std::string& name) {
  if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(name);
}

}  // namespace

Checks check_programs(const Profile& profile, const std::string& driver) {
  std::vector<std::string> programs;
  if (driver == "process") programs.emplace_back("bwrap");
  if (profile.find(Builtin::display) != nullptr) {
    programs.emplace_back("Xvfb");
    programs.emplace_back("xkbcomp");
  }
  if (profile.find(Builtin::audio) != nullptr) programs.emplace_back("pulseaudio");
  for (const auto& child : profile.children) {
    if (!child.command.empty()) add_once(programs, child.command.front());
    // A command may be a shell that starts the real program; `open` names it plainly.
    if (!child.open.empty()) add_once(programs, child.open.front());
  }
  Checks checks;
  for (const auto& program : programs)
    checks.push_back(check_program(program));
  checks.push_back(check_own_program("aerie-guest"));
  if (profile.find(Builtin::stream) != nullptr) checks.push_back(check_own_program("aerie-stream"));
  if (profile.find(Builtin::login) != nullptr) checks.push_back(check_own_program("aerie-login"));
  return checks;
}

Checks check_display(const Profile& profile) {
  if (profile.find(Builtin::display) == nullptr || !find_program("Xvfb")) return {};
  Probe probe;
  probe.argv = {"Xvfb",      "-displayfd", "1",       "-nolisten", "tcp",
                "-nolisten", "local",      "-screen", "0",         "64x64x24"};
  probe.until_first_line = true;
  const auto result = run_probe(probe);
  if (result.worked) return {{"display", true, "An X server starts.", ""}};
  const auto detail = result.errors.empty() ? result.message : result.errors.back();
  return {{"display", false, "The X server Xvfb does not start: " + detail,
           "Run Xvfb by hand to see all of what it says; /tmp/.X11-unix must be writable."}};
}

}  // namespace aerie::doctor
