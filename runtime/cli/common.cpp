#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <unistd.h>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/terminal_text.hpp"

namespace aerie::cli {
namespace {

namespace fs = std::filesystem;

/// The variable's value; empty when it is not set.
std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string default_state() {
  if (geteuid() == 0) return "/var/lib/aerie";
  // The XDG base directory specification: a relative path there is to be ignored.
  const auto state_home = variable("XDG_STATE_HOME");
  if (state_home.starts_with('/')) return state_home + "/aerie";
  return variable("HOME") + "/.local/state/aerie";
}

}  // namespace

void tell_error(const std::string& what, const std::string& remedy) {
  std::cerr << "aerie: " << terminal_text(what) << "\n" << terminal_text(remedy) << "\n";
}

std::string state_directory(const std::optional<std::string>& option) {
  auto path = option.value_or("");
  if (path.empty()) path = variable("AERIE_STATE");
  if (path.empty()) path = default_state();
  auto absolute = fs::absolute(path).lexically_normal();
  if (!absolute.has_filename()) absolute = absolute.parent_path();
  return absolute.string();
}

std::optional<Configuration> read_configuration(const CommonOptions& options) {
  auto loaded = load_configuration({options.config, process_environment(), options.sets});
  if (!loaded) {
    const auto& error = loaded.error();
    tell_error((error.field.empty() ? "The configuration" : error.field) + " " + error.message,
               "Correct it; `aerie config` shows every key.");
    return std::nullopt;
  }
  for (const auto& warning : loaded->warnings)
    std::cerr << "aerie: warning: " << terminal_text(warning) << "\n";
  loaded->settings.state = state_directory(options.state);
  loaded->settings.listen = options.listen;
  loaded->settings.stop_guests = options.stop_guests;
  return *std::move(loaded);
}

}  // namespace aerie::cli
