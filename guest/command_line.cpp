#include "guest/command_line.hpp"

#include <algorithm>
#include <string_view>
#include <unistd.h>

namespace aerie::guest {
namespace {

std::string substitute_one(std::string_view text, const Substitutions& values) {
  std::string result;
  while (true) {
    const auto begin = text.find("${");
    const auto end = begin == std::string_view::npos ? begin : text.find('}', begin);
    if (end == std::string_view::npos) return result.append(text);
    const auto found = values.find(std::string{text.substr(begin + 2, end - begin - 2)});
    const auto literal = found == values.end() ? end + 1 : begin;
    result.append(text.substr(0, literal));
    if (found != values.end()) result.append(found->second);
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::vector<std::string> substitute(const std::vector<std::string>& command,
                                    const Substitutions& values) {
  std::vector<std::string> result;
  for (const auto& argument : command)
    result.push_back(substitute_one(argument, values));
  return result;
}

Environment own_environment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || text.starts_with("AERIE_")) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

std::vector<std::pair<std::string, std::string>> merge(
    const std::vector<const Environment*>& layers) {
  Environment merged;
  for (const auto* layer : layers)
    for (const auto& [name, value] : *layer)
      merged[name] = value;
  return {merged.begin(), merged.end()};
}

std::string first_missing(const std::vector<std::string>& required,
                          const std::vector<std::pair<std::string, std::string>>& env) {
  for (const auto& name : required)
    if (std::none_of(env.begin(), env.end(), [&](const auto& pair) { return pair.first == name; }))
      return name;
  return {};
}

}  // namespace aerie::guest
