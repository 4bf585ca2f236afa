#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "messages/field_error.hpp"
#include "runtime/config/settings.hpp"

namespace aerie {

/// Where a configuration comes from, weakest first: defaults, file, environment, `--set`.
struct ConfigSources {
  std::optional<std::string> file;                               ///< path of a JSON file
  std::vector<std::pair<std::string, std::string>> environment;  ///< the whole of it
  std::vector<std::string> sets;                                 ///< `section.key=value`
};

/// One key with the value in force and where that came from: `default`, `file PATH`,
/// `environment NAME`, `--set`.
struct ConfigEntry {
  std::string key;
  Json value;
  std::string source;
};

struct Configuration {
  Settings settings;
  std::vector<ConfigEntry> entries;   ///< every key, in the order of `config_keys()`
  std::vector<std::string> warnings;  ///< a sentence each: unknown AERIE_* variables
};

/// Reads and checks all sources. The first thing wrong is returned: an unknown key (the nearest
/// known one is named), a key twice in one source, a wrong type, a value out of range, settings
/// that contradict each other; the message ends with the source.
[[nodiscard]] Checked<Configuration> load_configuration(const ConfigSources& sources);

/// The variables of this process.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> process_environment();

/// Entries as they may be shown and kept: credentials are replaced by `***`.
[[nodiscard]] Json shown_value(const ConfigEntry& entry);
[[nodiscard]] Json effective_config(const std::vector<ConfigEntry>& entries);

/// Says why this listen address may not be used with these settings, if it may not: malformed, or
/// beyond loopback without TLS (or a proxy), or with guests that share the host's network.
/// `guests_get_networks` is asked only where that decides.
[[nodiscard]] std::optional<FieldError> check_listen(
    const Settings& settings, const std::function<bool()>& guests_get_networks);

}  // namespace aerie
