#include "runtime/preflight/preflight_causes.hpp"

#include <cerrno>
#include <cstring>

#include "runtime/preflight/elf_file.hpp"
#include "runtime/process/exit_verdict.hpp"

namespace aerie::preflight {
namespace {

using enum CauseKind;

std::string in_words(int error) {
  return std::string{std::strerror(error)} + " (" + errno_name(error) + ")";
}

/// A carriage return at the end of a name is the usual mistake, and invisible.
std::string visible(std::string text) {
  for (auto at = text.find('\r'); at != std::string::npos; at = text.find('\r', at))
    text.replace(at, 1, "\\r");
  return text;
}

/// The beginning of a sentence about the file, up to its verb.
std::string subject(const Role& role) {
  const auto path = visible(role.path);
  switch (role.kind) {
    case Role::Kind::interpreter:
      return role.of + " needs the interpreter " + path + ", which";
    case Role::Kind::env_program:
      return role.of + " needs the interpreter " + path + " (by env), which";
    case Role::Kind::loader:
      return role.of + " needs the loader " + path + ", which";
    case Role::Kind::program:
      break;
  }
  return path;
}

Cause missing(const Role& role, int error) {
  const auto& path = role.path;
  switch (role.kind) {
    case Role::Kind::interpreter:
    case Role::Kind::env_program:
      return {interpreter_missing,
              subject(role) + (error == ENOENT ? " does not exist (ENOENT)."
                                               : " can't be reached: " + in_words(error) + "."),
              path.ends_with('\r')
                  ? "Give the script Unix line ends: its first line ends in a carriage return."
                  : "Install " + path + ", or correct the script's first line.",
              {}};
    case Role::Kind::loader:
      return {loader_missing,
              subject(role) + (error == ENOENT ? " does not exist (ENOENT)."
                                               : " can't be reached: " + in_words(error) + "."),
              "Install the C library that provides " + path +
                  ", or use a build of the program for this system.",
              {}};
    case Role::Kind::program:
      break;
  }
  return {exec_not_found,
          path + " cannot be executed: " + in_words(error) + ".",
          "Install the program, or correct the path in the command.",
          {}};
}

}  // namespace

Cause unreachable(const Role& role, int error) {
  if (error != EACCES && error != EPERM) return missing(role, error);
  return not_executable(role, "a directory above it may not be entered",
                        "Let the session's user enter the directories above it.");
}

Cause not_executable(const Role& role, const std::string& what, const std::string& remedy) {
  return {exec_not_executable,
          subject(role) + " cannot be executed: " + what + " (EACCES).",
          remedy,
          {}};
}

Cause wrong_format(const Role& role, const std::string& what, const std::string& remedy) {
  return {exec_wrong_format,
          subject(role) + " cannot be executed: " + what + " (ENOEXEC).",
          remedy,
          {}};
}

Cause unknown_format(const Role& role, const std::string& head) {
  if (head.empty()) return wrong_format(role, "the file is empty", "Copy or build the file again.");
  if (head.starts_with("#!"))
    return wrong_format(role, "its #! line names no interpreter",
                        "Correct the script's first line.");
  if (head.find('\0') == std::string::npos)
    return wrong_format(role, "it is text without a #! line",
                        "Begin the script with the line #!/bin/sh, or with its own interpreter.");
  return wrong_format(role, "its format is not known to the kernel",
                      "Use a program built for " + host_machine_name() + " Linux.");
}

Cause not_in_path(const Role& role, const std::string& path) {
  if (role.kind == Role::Kind::program)
    return {exec_not_found,
            "The program " + role.path + " is in none of " + path + " (ENOENT).",
            "Install " + role.path + ", or give its whole path in the command.",
            {}};
  return {interpreter_missing,
          subject(role) + " is in none of " + path + ".",
          "Install " + role.path + ", or correct the script's first line.",
          {}};
}

Cause endless_scripts(const std::string& program) {
  return {interpreter_missing,
          program +
              " cannot be executed: its interpreter is a script whose interpreter is a script, "
              "and so on without end (ELOOP).",
          "Name a program, not a script, in the #! line.",
          {}};
}

}  // namespace aerie::preflight
