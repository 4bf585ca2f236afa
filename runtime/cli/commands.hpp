#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/cli/command_line.hpp"

/// The commands of `aerie`, their options read. Each returns the exit status.
namespace aerie::cli {

inline constexpr int fine = 0;
inline constexpr int answer_is_no = 1;
inline constexpr int refused = 2;

struct CommonOptions {
  std::optional<std::string> state;
  std::optional<std::string> config;
  std::vector<std::string> sets;
  std::string listen = "127.0.0.1:4000";
  bool stop_guests = false;
};

[[nodiscard]] int run_serve(const CommonOptions& options, const ServeFunction& serve);
[[nodiscard]] int run_config(const CommonOptions& options, bool effective, bool as_json);
[[nodiscard]] int run_why(const CommonOptions& options, const std::string& id, bool as_json);
[[nodiscard]] int run_doctor(const CommonOptions& options, const std::string& profile,
                             const std::string& driver, bool as_json);
/// Whether a program can start in the root file system `root`, and what of.
[[nodiscard]] int run_inspect(const std::string& file, const std::string& root, bool as_json);
/// Boots a guest of the profile and saves its machine. `driver`: `firecracker`, else QEMU's.
[[nodiscard]] int run_image_save(const CommonOptions& options, const std::string& profile,
                                 const std::string& driver);
/// Writes the uncompressed ELF kernel within a bzImage.
[[nodiscard]] int run_kernel_extract(const std::string& bzimage, const std::string& vmlinux);

/// One command of the operators' console. Where `interrupt` is a descriptor, its becoming readable
/// ends a command that goes on.
[[nodiscard]] int run_console_command(const CommonOptions& options, std::string line, bool as_json,
                                      int interrupt = -1);
/// Command after command, from a person (with history and completion) or from a script.
[[nodiscard]] int run_console_lines(const CommonOptions& options, bool as_json);
/// The full screen, where the terminal has one; else, or if asked, line by line.
[[nodiscard]] int run_console(const CommonOptions& options, bool as_json, bool by_lines);

/// Writes the two lines of an error.
void tell_error(const std::string& what, const std::string& remedy);

/// The configuration of all sources with state and listen address filled in; nothing after the
/// error was told. Warnings are written to standard error.
[[nodiscard]] std::optional<Configuration> read_configuration(const CommonOptions& options);

/// `--state`, else AERIE_STATE, else `/var/lib/aerie` for root and `$XDG_STATE_HOME/aerie` (or
/// `~/.local/state/aerie`) for others; absolute.
[[nodiscard]] std::string state_directory(const std::optional<std::string>& option);

}  // namespace aerie::cli
