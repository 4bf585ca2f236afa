#include "runtime/config/configuration.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <sstream>
#include <unistd.h>

#include "messages/object_reader.hpp"
#include "runtime/config/config_keys.hpp"

namespace aerie {
namespace {

/// The older system's names and what they are called now.
constexpr std::array older_names{
    std::pair{"GOLDEN_KERNEL", "images.kernel"},
    std::pair{"GOLDEN_BROWSER_ROOTFS", "images.rootfs"},
    std::pair{"BROWSER_VM_MEMORY_MB", "guests.memoryMiB"},
    std::pair{"BROWSER_VM_VCPU", "guests.cpus"},
    std::pair{"MAX_BROWSER_VMS", "limits.sessions"},
};

/// Variables of ours that are no configuration.
constexpr std::array other_variables{"AERIE_STATE", "AERIE_CONTROL_FD", "AERIE_STREAM",
                                     "AERIE_GUEST", "AERIE_VAULT_KEY"};

std::vector<std::string> key_names() {
  std::vector<std::string> names;
  for (const auto& key : config_keys())
    names.push_back(key.name);
  return names;
}

/// The key called `name`, or the object whose member it names.
const ConfigKey* find_key(const std::string& name, std::string* member = nullptr) {
  for (const auto& key : config_keys()) {
    if (key.name == name) return &key;
    if (key.is_object && member != nullptr && name.starts_with(key.name + ".")) {
      *member = name.substr(key.name.size() + 1);
      return &key;
    }
  }
  return nullptr;
}

Json text_to_value(const ConfigKey& key, bool whole, const std::string& text) {
  const auto value = Json::parse(text, nullptr, false);
  if (!value.is_discarded()) return value;
  if (!key.is_list || !whole) return text;
  auto items = Json::array();
  std::istringstream stream(text);
  for (std::string item; std::getline(stream, item, ',');)
    if (!item.empty()) items.push_back(item);
  return items;
}

/// Collects values source by source, each laid over the ones before.
class Layers {
 public:
  Layers() {
    for (const auto& key : config_keys()) {
      entries_.push_back({key.name, key.fallback, "default"});
      if (const auto complaint = key.assign(settings_, key.fallback))
        fail(key.name, *complaint, "default");
    }
  }

  /// A value of a JSON file or a variable. `text`: it was text, so a list may be written simply.
  void put(const std::string& name, const Json* value, const std::string* text,
           const std::string& source) {
    if (error_) return;
    std::string member;
    const auto* key = find_key(name, &member);
    if (key == nullptr) return fail(name, unknown_name_message(name, key_names()), source);
    auto& entry = entry_of(key->name);
    auto next = text != nullptr ? text_to_value(*key, member.empty(), *text) : *value;
    if (!member.empty()) next = merge_member(entry.value, member, std::move(next));
    auto copy = settings_;
    if (const auto complaint = key->assign(copy, next)) return fail(name, *complaint, source);
    settings_ = std::move(copy);
    entry.value = std::move(next);
    entry.source = source;
  }

  void fail(const std::string& field, const std::string& message, const std::string& source) {
    if (!error_) error_ = FieldError{field, message + " (" + source + ")"};
  }

  [[nodiscard]] ConfigEntry& entry_of(const std::string& key) {
    return *std::find_if(entries_.begin(), entries_.end(),
                         [&](const auto& entry) { return entry.key == key; });
  }

  [[nodiscard]] const std::optional<FieldError>& error() const { return error_; }
  Settings settings_;
  std::vector<ConfigEntry> entries_;
  std::vector<std::string> warnings_;

 private:
  /// `browser.process` of `pool` reaches two levels down, `process` of the overcommit one.
  static Json merge_member(const Json& before, const std::string& member, Json value) {
    auto result = before.is_object() ? before : Json::object();
    const auto dot = member.rfind('.');
    if (dot == std::string::npos || dot == 0) {
      result[member] = std::move(value);
      return result;
    }
    auto& inner = result[member.substr(0, dot)];
    if (!inner.is_object()) inner = Json::object();
    inner[member.substr(dot + 1)] = std::move(value);
    return result;
  }

  std::optional<FieldError> error_;
};

bool is_section(const std::string& path) {
  const auto names = key_names();
  return std::any_of(names.begin(), names.end(),
                     [&](const auto& known) { return known.starts_with(path + "."); });
}

/// Walks a file's objects down to the keys; `limits.sessions` may also be written with its dot.
void put_object(Layers& layers, const Json& object, const std::string& prefix,
                const std::string& source, std::vector<std::string>& seen) {
  for (const auto& [name, value] : object.items()) {
    const auto path = prefix.empty() ? name : prefix + "." + name;
    if (value.is_object() && find_key(path) == nullptr) {
      if (value.empty() && !is_section(path))
        return layers.fail(path, unknown_name_message(path, key_names()), source);
      put_object(layers, value, path, source, seen);
      continue;
    }
    if (std::find(seen.begin(), seen.end(), path) != seen.end())
      return layers.fail(path, "appears twice", source);
    seen.push_back(path);
    layers.put(path, &value, nullptr, source);
  }
}

void read_file(Layers& layers, const std::string& path) {
  const auto source = "file " + path;
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  if (!stream || !(text << stream.rdbuf()))
    return layers.fail("", "the configuration file can't be read", source);
  const auto document = parse_document(text.str());
  if (!document) return layers.fail(document.error().field, document.error().message, source);
  if (!document->is_object())
    return layers.fail("", "must be an object, not " + std::string(type_name(*document)), source);
  std::vector<std::string> seen;
  put_object(layers, *document, "", source, seen);
}

/// The key that a variable stands for; an object's member too: AERIE_POOL_BROWSER.
std::optional<std::string> key_of_variable(const std::string& variable) {
  for (const auto& key : config_keys()) {
    const auto name = environment_name(key.name);
    if (variable == name) return key.name;
    if (!key.is_object || !variable.starts_with(name + "_")) continue;
    auto member = variable.substr(name.size() + 1);
    for (auto& c : member)
      c = c == '_' ? '.' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return key.name + "." + member;
  }
  return std::nullopt;
}

void read_environment(Layers& layers, const ConfigSources& sources) {
  // The older names are the weaker ones, so they go first.
  for (const auto& [older, key] : older_names)
    for (const auto& [name, text] : sources.environment)
      if (name == older) layers.put(key, nullptr, &text, "environment " + name);
  for (const auto& [name, text] : sources.environment) {
    if (!name.starts_with("AERIE_")) continue;
    if (std::find(other_variables.begin(), other_variables.end(), name) != other_variables.end())
      continue;
    if (const auto key = key_of_variable(name)) {
      layers.put(*key, nullptr, &text, "environment " + name);
      continue;
    }
    std::vector<std::string> names;
    for (const auto& key : key_names())
      names.push_back(environment_name(key));
    layers.warnings_.push_back("the variable " + name + " " + unknown_name_message(name, names));
  }
}

void read_sets(Layers& layers, const std::vector<std::string>& sets) {
  std::vector<std::string> seen;
  for (const auto& set : sets) {
    const auto equals = set.find('=');
    if (equals == std::string::npos || equals == 0)
      return layers.fail(set, "is no section.key=value", "--set");
    const auto name = set.substr(0, equals);
    const auto text = set.substr(equals + 1);
    if (std::find(seen.begin(), seen.end(), name) != seen.end())
      return layers.fail(name, "appears twice", "--set");
    seen.push_back(name);
    layers.put(name, nullptr, &text, "--set");
  }
}

void check_together(Layers& layers) {
  auto& settings = layers.settings_;
  if (settings.http.tls_cert.empty() != settings.http.tls_key.empty()) {
    const auto* missing = settings.http.tls_cert.empty() ? "http.tls.cert" : "http.tls.key";
    layers.fail(missing, "must be set as well: TLS needs a certificate and its key", "all sources");
  }
  if (settings.media.codecs.empty())
    layers.fail("media.codecs", "must name at least one codec",
                layers.entry_of("media.codecs").source);
  for (auto& [profile, sizes] : settings.pool)
    if (auto plain = sizes.extract("")) {
      plain.key() = settings.driver;
      sizes.insert(std::move(plain));
    }
}

}  // namespace

Checked<Configuration> load_configuration(const ConfigSources& sources) {
  Layers layers;
  if (sources.file) read_file(layers, *sources.file);
  read_environment(layers, sources);
  read_sets(layers, sources.sets);
  check_together(layers);
  if (layers.error()) return tl::unexpected(*layers.error());
  return Configuration{std::move(layers.settings_), std::move(layers.entries_),
                       std::move(layers.warnings_)};
}

std::vector<std::pair<std::string, std::string>> process_environment() {
  std::vector<std::pair<std::string, std::string>> result;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view text(*each);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos)
      result.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return result;
}

Json shown_value(const ConfigEntry& entry) {
  auto value = entry.value;
  if (value.is_array())
    for (auto& item : value)
      if (item.is_object() && item.contains("credential")) item["credential"] = "***";
  return value;
}

Json effective_config(const std::vector<ConfigEntry>& entries) {
  auto list = Json::array();
  for (const auto& entry : entries)
    list.push_back({{"key", entry.key}, {"value", shown_value(entry)}, {"source", entry.source}});
  return list;
}

}  // namespace aerie
