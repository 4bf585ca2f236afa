#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Instrumented, <regex> of g++ 12 looks uninitialized to it (GCC bug 105562).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "messages/provider.hpp"

#include <algorithm>
#include <regex>

#include "messages/object_reader.hpp"

namespace aerie {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view name_rule =
    "must be 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit";
constexpr std::size_t max_aliases = 16;
constexpr std::size_t max_arguments = 64;
constexpr std::size_t max_text = 4096;
constexpr std::size_t max_pattern = 512;
constexpr std::size_t max_variables = 64;
constexpr std::size_t max_files = 16;
/// Leaves room in a frame of the link for the rest of the message.
constexpr std::size_t max_provider = 32 * 1024;

/// `groups`: how many the expression must have; none: any number.
void check_pattern(ObjectReader& reader, std::string_view key, const std::string& pattern,
                   std::optional<unsigned> groups = std::nullopt) {
  try {
    const std::regex compiled(pattern);
    if (groups && compiled.mark_count() != *groups)
      reader.fail(key, "must have one group, the address, not " +
                           std::to_string(compiled.mark_count()) + "; write others as (?:…)");
  } catch (const std::regex_error& error) {
    reader.fail(key, std::string("is not a regular expression: ") + error.what());
  }
}

void read_pattern(ObjectReader& reader, std::string_view key, std::string& target) {
  if (!reader.has(key)) return;
  reader.string(key, target, max_pattern);
  if (target.empty()) reader.fail(key, "must not be empty");
  check_pattern(reader, key, target);
}

void read_names(ObjectReader& reader, Provider& provider) {
  if (reader.require("name")) reader.string("name", provider.name, max_text);
  if (!is_name(provider.name)) reader.fail("name", std::string(name_rule));
  reader.strings("aliases", provider.aliases, max_aliases, max_text);
  for (std::size_t i = 0; i < provider.aliases.size(); ++i)
    if (!is_name(provider.aliases[i]))
      reader.fail("aliases[" + std::to_string(i) + "]", std::string(name_rule));
}

void read_environment(ObjectReader& reader, Provider& provider) {
  reader.string_map("env", provider.env, max_variables, max_text);
  static const std::regex variable("[A-Za-z_][A-Za-z0-9_]*");
  for (const auto& [name, value] : provider.env)
    if (!std::regex_match(name, variable))
      reader.fail("env." + name,
                  "is no name of a variable: letters, digits and '_', not beginning with a digit");
}

/// A path that names one file: no `..`, so that nothing outside of it is meant.
bool is_file_path(const std::string& path) {
  if (!path.starts_with('/') && !path.starts_with("~/")) return false;
  return path.back() != '/' && (path + "/").find("/../") == std::string::npos &&
         std::none_of(path.begin(), path.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void read_done(ObjectReader& reader, Provider& provider) {
  if (reader.has("files") == reader.has("line"))
    return reader.fail("", "needs one of \"files\" and \"line\"");
  read_pattern(reader, "line", provider.line);
  if (!reader.has("files")) return;
  reader.strings("files", provider.files, max_files, max_text);
  if (provider.files.empty()) reader.fail("files", "must name a file");
  for (std::size_t i = 0; i < provider.files.size(); ++i)
    if (provider.files[i].empty() || !is_file_path(provider.files[i]))
      reader.fail("files[" + std::to_string(i) + "]",
                  "must be the path of a file, absolute or beginning with ~/, without ..");
}

void read_provider(ObjectReader& reader, Provider& provider) {
  read_names(reader, provider);
  if (reader.require("command"))
    reader.strings("command", provider.command, max_arguments, max_text);
  if (provider.command.empty() || provider.command.front().empty())
    reader.fail("command", "must name a program");
  reader.boolean("tty", provider.tty);
  read_environment(reader, provider);
  if (reader.require("url")) {
    reader.string("url", provider.url, max_pattern);
    check_pattern(reader, "url", provider.url, 1);
  }
  if (reader.has("callbackPort")) {
    int port = 0;
    reader.integer("callbackPort", port, 1, 65535);
    provider.callback_port = port;
  }
  read_pattern(reader, "callbackLine", provider.callback_line);
  if (reader.require("done"))
    reader.object("done", [&](ObjectReader& nested) { read_done(nested, provider); });
  reader.duration("withinMs", provider.within, 1s, 24h);
}

}  // namespace

Checked<Provider> check_provider(const Json& json) {
  Provider provider;
  std::optional<FieldError> error;
  ObjectReader reader(json, "", error);
  if (!error) {
    read_provider(reader, provider);
    reader.finish();
  }
  if (!error && Json(provider).dump().size() > max_provider)
    reader.fail("", "is too large: at most " + std::to_string(max_provider) + " bytes of JSON");
  if (error) return tl::unexpected(*error);
  return provider;
}

Result<Provider> parse_provider(const Json& json) {
  return check_provider(json).map_error([](const FieldError& error) {
    const auto field = error.field.empty() ? std::string("the provider") : error.field;
    return Cause{CauseKind::link_violation,
                 field + " " + error.message,
                 "Correct " + field + " in the provider's file and start again.",
                 {}};
  });
}

void to_json(Json& json, const Provider& provider) {
  json = Json{{"name", provider.name},
              {"aliases", provider.aliases},
              {"command", provider.command},
              {"tty", provider.tty},
              {"env", provider.env},
              {"url", provider.url},
              {"withinMs", provider.within.count()}};
  if (provider.callback_port) json["callbackPort"] = *provider.callback_port;
  if (!provider.callback_line.empty()) json["callbackLine"] = provider.callback_line;
  if (provider.line.empty())
    json["done"] = {{"files", provider.files}};
  else
    json["done"] = {{"line", provider.line}};
}

}  // namespace aerie
