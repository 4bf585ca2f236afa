#pragma once

#include <string>

#include "messages/cause.hpp"
#include "runtime/preflight/file_root.hpp"
#include "runtime/preflight/script_line.hpp"

/// The sentences of preflight's verdicts about files.
namespace aerie::preflight {

/// What a file is asked for as: the program itself, or on behalf of one.
struct Role {
  enum class Kind { program, interpreter, env_program, loader };
  Kind kind = Kind::program;
  std::string path;  ///< of the file in question
  std::string of;    ///< the script or program that asks for it
};

/// The file can't be reached, with this errno.
[[nodiscard]] Cause unreachable(const Role& role, int error);

/// The file is there and must not be executed; `what` and `remedy` say why and what then.
[[nodiscard]] Cause not_executable(const Role& role, const std::string& what,
                                   const std::string& remedy);

/// The file is no program for this machine, or cut short.
[[nodiscard]] Cause wrong_format(const Role& role, const std::string& what,
                                 const std::string& remedy);

/// The file is neither ELF nor a script.
[[nodiscard]] Cause unknown_format(const Role& role, const std::string& head);

/// A name without a slash is in no directory of the PATH.
[[nodiscard]] Cause not_in_path(const Role& role, const std::string& path);

/// Scripts that are each other's interpreters, or more of them than the kernel follows.
[[nodiscard]] Cause endless_scripts(const std::string& program);

}  // namespace aerie::preflight
