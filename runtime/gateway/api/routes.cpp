#include "runtime/gateway/api/routes.hpp"

#include <algorithm>

namespace aerie {

namespace {

using Segments = std::vector<std::string_view>;

Segments segments_of(std::string_view path) {
  Segments segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

bool matches(const Segments& pattern, const Segments& path,
             std::map<std::string, std::string>& parameters) {
  if (pattern.size() != path.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i].starts_with('{')) {
      if (path[i].empty()) return false;
      parameters[std::string(pattern[i].substr(1, pattern[i].size() - 2))] = path[i];
    } else if (pattern[i] != path[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace

RouteMatch find_route(std::string_view method, std::string_view path) {
  RouteMatch match;
  if (!path.starts_with('/')) return match;
  const auto wanted = method == "HEAD" ? std::string_view{"GET"} : method;
  const auto segments = segments_of(path);
  for (const auto& route : routes()) {
    std::map<std::string, std::string> parameters;
    if (!matches(segments_of(route.pattern), segments, parameters)) continue;
    if (route.method == wanted) {
      match.route = &route;
      match.parameters = std::move(parameters);
      match.allowed.clear();
      return match;
    }
    if (!match.allowed.empty()) match.allowed += ", ";
    match.allowed += route.method;
  }
  return match;
}

}  // namespace aerie
