#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Instrumented, <regex> of g++ 12 looks uninitialized to it (GCC bug 105562).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "messages/profile.hpp"

#include <algorithm>
#include <array>
#include <regex>

#include "messages/object_reader.hpp"

namespace aerie {
namespace {

using namespace std::chrono_literals;

template <class Enum>
using Named = std::pair<std::string_view, Enum>;

constexpr std::array strategies{
    Named<Strategy>{"one_for_one", Strategy::one_for_one},
    Named<Strategy>{"one_for_all", Strategy::one_for_all},
    Named<Strategy>{"rest_for_one", Strategy::rest_for_one},
};
constexpr std::array restart_types{
    Named<RestartType>{"permanent", RestartType::permanent},
    Named<RestartType>{"transient", RestartType::transient},
    Named<RestartType>{"temporary", RestartType::temporary},
};
constexpr std::array ready_kinds{
    Named<ReadyKind>{"started", ReadyKind::started},
    Named<ReadyKind>{"x11", ReadyKind::x11},
    Named<ReadyKind>{"tcp", ReadyKind::tcp},
    Named<ReadyKind>{"line", ReadyKind::line},
    Named<ReadyKind>{"file", ReadyKind::file},
    Named<ReadyKind>{"builtin", ReadyKind::builtin},
};
constexpr std::array builtins{
    Named<Builtin>{"display", Builtin::display},
    Named<Builtin>{"stream", Builtin::stream},
    Named<Builtin>{"login", Builtin::login},
    Named<Builtin>{"audio", Builtin::audio},
};
constexpr std::array policies{
    Named<NetworkPolicy>{"internet", NetworkPolicy::internet},
    Named<NetworkPolicy>{"none", NetworkPolicy::none},
    Named<NetworkPolicy>{"list", NetworkPolicy::list},
};

template <class Enum, std::size_t N>
std::string_view name_of(const std::array<Named<Enum>, N>& table, Enum value) {
  const auto* found = std::find_if(table.begin(), table.end(),
                                   [&](const auto& entry) { return entry.second == value; });
  return found == table.end() ? std::string_view{} : found->first;
}

constexpr std::string_view name_rule =
    "must be 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit";
constexpr std::size_t max_children = 32;
constexpr std::size_t max_arguments = 256;
constexpr std::size_t max_text = 8192;
constexpr std::size_t max_pattern = 512;
constexpr std::size_t max_variables = 64;
constexpr std::size_t max_allowed = 256;
/// Leaves room in a frame of the link for the session's own part of the message.
constexpr std::size_t max_profile = 32 * 1024;

bool is_variable(std::string_view name) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         std::all_of(name.begin(), name.end(), is_word);
}

bool is_host_and_port(const std::string& text) {
  static const std::regex form(R"(^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):([0-9]{1,5})$)");
  std::smatch match;
  if (!std::regex_match(text, match, form)) return false;
  const auto port = std::stoi(match[2]);
  return port >= 1 && port <= 65535;
}

void read_name(ObjectReader& reader, std::string& target) {
  if (!reader.require("name")) return;
  reader.string("name", target, max_text);
  if (!is_name(target)) reader.fail("name", std::string(name_rule));
}

void read_network(ObjectReader& reader, Network& network) {
  reader.choice("policy", network.policy, policies);
  reader.strings("allow", network.allow, max_allowed, max_text);
  for (std::size_t i = 0; i < network.allow.size(); ++i)
    if (!is_host_and_port(network.allow[i]))
      reader.fail("allow[" + std::to_string(i) + "]",
                  "must be host:port with a port between 1 and 65535");
}

void check_pattern(ObjectReader& reader, const std::string& pattern) {
  try {
    const std::regex compiled(pattern);
  } catch (const std::regex_error& error) {
    reader.fail("pattern", std::string("is not a regular expression: ") + error.what());
  }
}

/// `key` belongs to `kind` alone: required with it, refused with others.
bool belongs(ObjectReader& reader, std::string_view key, ReadyKind kind, ReadyKind actual) {
  if (kind == actual) return reader.require(key);
  if (reader.has(key))
    reader.fail(key, "goes only with kind \"" + std::string(to_string(kind)) + "\"");
  return false;
}

void read_ready(ObjectReader& reader, ReadyCondition& ready, bool is_builtin) {
  reader.choice("kind", ready.kind, ready_kinds);
  reader.duration("withinMs", ready.within, 1ms, 1h);
  if (ready.kind == ReadyKind::builtin && !is_builtin)
    reader.fail("kind", "\"builtin\" goes only with a child that is a builtin");
  if (belongs(reader, "port", ReadyKind::tcp, ready.kind))
    reader.integer("port", ready.port, 1, 65535);
  if (belongs(reader, "pattern", ReadyKind::line, ready.kind)) {
    reader.string("pattern", ready.pattern, max_pattern);
    check_pattern(reader, ready.pattern);
  }
  if (belongs(reader, "path", ReadyKind::file, ready.kind)) {
    reader.string("path", ready.path, max_text);
    if (!ready.path.starts_with('/')) reader.fail("path", "must be an absolute path");
  }
}

void read_backoff(ObjectReader& reader, Backoff& backoff) {
  reader.duration("firstMs", backoff.first, 0ms, 1h);
  // Given alone, a long first wait raises the default bound instead of being refused by it.
  if (!reader.has("maxMs")) backoff.max = std::max(backoff.max, backoff.first);
  reader.duration("maxMs", backoff.max, 0ms, 24h);
  if (backoff.max < backoff.first) reader.fail("maxMs", "must not be less than firstMs");
}

void check_command(ObjectReader& reader, std::string_view key,
                   const std::vector<std::string>& command) {
  if (command.empty()) return reader.fail(key, "must name a program");
  if (command.front().empty()) reader.fail(std::string(key) + "[0]", "must name a program");
}

void read_what(ObjectReader& reader, ChildSpec& child) {
  if (reader.has("builtin") && reader.has("command"))
    reader.fail("command", "must not stand beside \"builtin\"");
  if (reader.has("builtin")) {
    child.builtin = Builtin::display;
    reader.choice("builtin", *child.builtin, builtins);
    child.ready.kind = ReadyKind::builtin;
  } else if (!reader.has("command")) {
    reader.fail("command", "is missing: a child needs one of \"command\" and \"builtin\"");
  } else {
    reader.strings("command", child.command, max_arguments, max_text);
    check_command(reader, "command", child.command);
  }
  if (!reader.has("open")) return;
  reader.strings("open", child.open, max_arguments, max_text);
  check_command(reader, "open", child.open);
}

void read_environment(ObjectReader& reader, ChildSpec& child) {
  static const std::string rule =
      "is no name of a variable: letters, digits and '_', not beginning with a digit";
  reader.string_map("env", child.env, max_variables, max_text);
  for (const auto& [name, value] : child.env)
    if (!is_variable(name)) reader.fail("env." + name, rule);
  reader.strings("requireEnv", child.require_env, max_variables, max_text);
  for (std::size_t i = 0; i < child.require_env.size(); ++i)
    if (!is_variable(child.require_env[i]))
      reader.fail("requireEnv[" + std::to_string(i) + "]", rule);
}

void read_child(ObjectReader& reader, ChildSpec& child) {
  read_name(reader, child.name);
  read_what(reader, child);
  reader.choice("restart", child.restart, restart_types);
  reader.object("ready", [&](ObjectReader& nested) {
    read_ready(nested, child.ready, child.builtin.has_value());
  });
  read_environment(reader, child);
  reader.duration("graceMs", child.grace, 0ms, 10min);
  reader.object("backoff", [&](ObjectReader& nested) { read_backoff(nested, child.backoff); });
  reader.duration("watchdogMs", child.watchdog, 0ms, 1h);
}

void check_unique(ObjectReader& reader, const std::vector<ChildSpec>& children, std::size_t index) {
  const auto path = "children[" + std::to_string(index) + "].";
  for (std::size_t i = 0; i < index; ++i) {
    const auto other = "children[" + std::to_string(i) + "]";
    if (children[i].name == children[index].name)
      reader.fail(path + "name", "\"" + children[i].name + "\" is the name of " + other + " too");
    if (children[index].builtin && children[i].builtin == children[index].builtin)
      reader.fail(path + "builtin", "is the same as that of " + other + "; one of each is allowed");
  }
}

void read_children(ObjectReader& reader, std::vector<ChildSpec>& children,
                   std::optional<FieldError>& error) {
  if (!reader.require("children")) return;
  const auto& list = *reader.get("children");
  if (!list.is_array())
    return reader.fail("children", "must be a list, not " + std::string(type_name(list)));
  if (list.empty() || list.size() > max_children)
    return reader.fail("children", "must have 1 to " + std::to_string(max_children) +
                                       " items, not " + std::to_string(list.size()));
  for (std::size_t i = 0; i < list.size(); ++i) {
    ObjectReader nested(list[i], "children[" + std::to_string(i) + "]", error);
    read_child(nested, children.emplace_back());
    nested.finish();
    check_unique(reader, children, i);
  }
}

void read_profile(ObjectReader& reader, Profile& profile, std::optional<FieldError>& error) {
  read_name(reader, profile.name);
  reader.object("resources", [&](ObjectReader& nested) {
    nested.integer("cpus", profile.resources.cpus, 1, 256);
    nested.integer("memoryMiB", profile.resources.memory_mib, 16, 1024 * 1024);
  });
  reader.object("display", [&](ObjectReader& nested) {
    nested.integer("width", profile.display.width, 64, 3840);
    nested.integer("height", profile.display.height, 64, 2160);
    nested.integer("fps", profile.display.fps, 1, 120);
    nested.object("largest", [&](ObjectReader& largest) {
      auto& display = profile.display;
      largest.require("width");
      largest.require("height");
      largest.integer("width", display.largest_width, display.width, 3840);
      largest.integer("height", display.largest_height, display.height, 2160);
    });
  });
  reader.object("network", [&](ObjectReader& nested) { read_network(nested, profile.network); });
  reader.choice("strategy", profile.strategy, strategies);
  reader.object("intensity", [&](ObjectReader& nested) {
    nested.integer("restarts", profile.intensity.restarts, 0, 1'000'000);
    nested.duration("withinMs", profile.intensity.within, 1ms, 24h);
  });
  read_children(reader, profile.children, error);
}

Json ready_json(const ReadyCondition& ready) {
  Json json{{"kind", to_string(ready.kind)}, {"withinMs", ready.within.count()}};
  if (ready.kind == ReadyKind::tcp) json["port"] = ready.port;
  if (ready.kind == ReadyKind::line) json["pattern"] = ready.pattern;
  if (ready.kind == ReadyKind::file) json["path"] = ready.path;
  return json;
}

Json child_json(const ChildSpec& child) {
  Json json{
      {"name", child.name},
      {"restart", to_string(child.restart)},
      {"ready", ready_json(child.ready)},
      {"env", child.env},
      {"requireEnv", child.require_env},
      {"graceMs", child.grace.count()},
      {"backoff", {{"firstMs", child.backoff.first.count()}, {"maxMs", child.backoff.max.count()}}},
      {"watchdogMs", child.watchdog.count()}};
  if (child.builtin)
    json["builtin"] = to_string(*child.builtin);
  else
    json["command"] = child.command;
  if (!child.open.empty()) json["open"] = child.open;
  return json;
}

}  // namespace

std::string_view to_string(Strategy value) {
  return name_of(strategies, value);
}
std::string_view to_string(RestartType value) {
  return name_of(restart_types, value);
}
std::string_view to_string(ReadyKind value) {
  return name_of(ready_kinds, value);
}
std::string_view to_string(Builtin value) {
  return name_of(builtins, value);
}
std::string_view to_string(NetworkPolicy value) {
  return name_of(policies, value);
}

const ChildSpec* Profile::find(Builtin builtin) const {
  const auto found = std::find_if(children.begin(), children.end(),
                                  [&](const auto& child) { return child.builtin == builtin; });
  return found == children.end() ? nullptr : &*found;
}

Checked<Profile> check_profile(const Json& json) {
  Profile profile;
  std::optional<FieldError> error;
  ObjectReader reader(json, "", error);
  if (!error) {
    read_profile(reader, profile, error);
    reader.finish();
  }
  if (!error && Json(profile).dump().size() > max_profile)
    reader.fail("", "is too large: at most " + std::to_string(max_profile) + " bytes of JSON");
  if (error) return tl::unexpected(*error);
  return profile;
}

Result<Profile> parse_profile(const Json& json) {
  return check_profile(json).map_error([](const FieldError& error) {
    const auto field = error.field.empty() ? std::string("the profile") : error.field;
    return Cause{CauseKind::link_violation,
                 field + " " + error.message,
                 "Correct " + field + " in the profile's file and start again.",
                 {}};
  });
}

void to_json(Json& json, const Profile& profile) {
  Json display{{"width", profile.display.width},
               {"height", profile.display.height},
               {"fps", profile.display.fps}};
  if (profile.display.follows())
    display["largest"] = {{"width", profile.display.largest_width},
                          {"height", profile.display.largest_height}};
  json = Json{
      {"name", profile.name},
      {"resources",
       {{"cpus", profile.resources.cpus}, {"memoryMiB", profile.resources.memory_mib}}},
      {"display", std::move(display)},
      {"network",
       {{"policy", to_string(profile.network.policy)}, {"allow", profile.network.allow}}},
      {"strategy", to_string(profile.strategy)},
      {"intensity",
       {{"restarts", profile.intensity.restarts}, {"withinMs", profile.intensity.within.count()}}},
  };
  auto& children = json["children"] = Json::array();
  for (const auto& child : profile.children)
    children.push_back(child_json(child));
}

}  // namespace aerie
