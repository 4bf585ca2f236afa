#include <algorithm>
#include <iomanip>
#include <iostream>

#include "runtime/cli/commands.hpp"
#include "runtime/config/config_keys.hpp"

namespace aerie::cli {
namespace {

std::string shown(const ConfigEntry& entry) {
  return shown_value(entry).dump();
}

/// `key  value  source`, in columns.
void print_effective(const std::vector<ConfigEntry>& entries) {
  std::size_t keys = 0;
  std::size_t values = 0;
  for (const auto& entry : entries) {
    keys = std::max(keys, entry.key.size());
    values = std::max(values, shown(entry).size());
  }
  for (const auto& entry : entries)
    std::cout << std::left << std::setw(static_cast<int>(keys)) << entry.key << "  "
              << std::setw(static_cast<int>(values)) << shown(entry) << "  " << entry.source
              << "\n";
}

/// Every key with what it means, and its value.
void print_reference(const std::vector<ConfigEntry>& entries) {
  const auto& keys = config_keys();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto& key = keys[i];
    std::cout << "# " << key.description << "\n# " << key.type
              << (key.range.empty() ? "" : ": " + key.range) << "; " << environment_name(key.name)
              << "\n"
              << key.name << " = " << shown(entries[i]) << "  (" << entries[i].source << ")\n\n";
  }
}

}  // namespace

int run_config(const CommonOptions& options, bool effective, bool as_json) {
  const auto configuration = read_configuration(options);
  if (!configuration) return refused;
  if (as_json)
    std::cout << effective_config(configuration->entries).dump(2) << "\n";
  else if (effective)
    print_effective(configuration->entries);
  else
    print_reference(configuration->entries);
  return fine;
}

}  // namespace aerie::cli
