#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aerie::preflight {

/// As many bytes of a file as the kernel looks at to tell what it is (BINPRM_BUF_SIZE).
inline constexpr std::size_t head_size = 256;

/// The `#!` line of a script, as the kernel reads it (execve(2), fs/binfmt_script.c).
struct ScriptLine {
  std::string interpreter;
  std::string argument;  ///< all that follows, without the blanks around it
};

/// Empty when the kernel takes the head for no script: another beginning, no interpreter named, or
/// a name that goes on beyond the head.
[[nodiscard]] std::optional<ScriptLine> parse_script_line(std::string_view head);

/// What `env` is to run.
struct EnvCommand {
  std::string program;
  std::optional<std::string> path;  ///< the PATH it is searched in, where `env` changes it
};

/// Reads the arguments of env(1), `-S` included. Empty when it runs nothing, or is told more than
/// is understood here.
[[nodiscard]] std::optional<EnvCommand> parse_env_arguments(const std::string& argument);

}  // namespace aerie::preflight
