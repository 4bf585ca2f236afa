#include "guest/env_mask.hpp"

#include <algorithm>
#include <sstream>

namespace aerie::guest {

EnvMask::EnvMask(const std::vector<std::pair<std::string, std::string>>& env) {
  for (const auto& [name, value] : env) {
    std::istringstream lines{value};
    for (std::string line; std::getline(lines, line);)
      if (line.size() >= least_bytes) hidden_.emplace_back(line, "[env " + name + "]");
  }
  // One value may be part of another.
  std::stable_sort(hidden_.begin(), hidden_.end(), [](const auto& left, const auto& right) {
    return left.first.size() > right.first.size();
  });
}

void EnvMask::apply(std::string& text) const {
  for (const auto& [hidden, name] : hidden_)
    for (auto at = text.find(hidden); at != std::string::npos;
         at = text.find(hidden, at + name.size()))
      text.replace(at, hidden.size(), name);
}

void EnvMask::apply(std::vector<std::string>& lines) const {
  for (auto& line : lines)
    apply(line);
}

void EnvMask::apply(Cause& cause) const {
  apply(cause.message);
  apply(cause.evidence);
}

void EnvMask::apply(link::GuestMessage& message) const {
  if (hidden_.empty()) return;
  if (auto* log = std::get_if<link::LogLines>(&message)) {
    apply(log->lines);
  } else if (auto* news = std::get_if<link::ChildNews>(&message)) {
    apply(news->detail);
    if (news->cause) apply(*news->cause);
    if (!news->exit) return;
    apply(news->exit->message);
    apply(news->exit->tail);
  } else if (auto* login = std::get_if<link::LoginNews>(&message)) {
    if (login->cause) apply(*login->cause);
  } else if (auto* finished = std::get_if<link::Finished>(&message)) {
    if (finished->cause) apply(*finished->cause);
  }
}

}  // namespace aerie::guest
