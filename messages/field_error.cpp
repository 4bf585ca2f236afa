#include "messages/field_error.hpp"

#include <algorithm>
#include <numeric>

namespace aerie {
namespace {

constexpr std::size_t max_name = 64;

/// Names longer than any of ours are cut before they are compared: the cost is a product.
constexpr std::size_t max_compared = 96;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_lower_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// Levenshtein's distance, one row at a time.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  a = a.substr(0, max_compared);
  b = b.substr(0, max_compared);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto replaced = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

std::string_view last_part(std::string_view dotted) {
  const auto dot = dotted.rfind('.');
  return dot == std::string_view::npos ? dotted : dotted.substr(dot + 1);
}

std::size_t distance(std::string_view name, std::string_view candidate) {
  const auto whole = edit_distance(name, candidate);
  if (candidate.find('.') == std::string_view::npos) return whole;
  return std::min(whole, 1 + edit_distance(last_part(name), last_part(candidate)));
}

}  // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  auto least = static_cast<std::size_t>(-1);
  for (const auto& candidate : candidates) {
    const auto here = distance(name, candidate);
    if (here >= least) continue;
    least = here;
    best = candidate;
  }
  return best;
}

std::string unknown_name_message(std::string_view name,
                                 const std::vector<std::string>& candidates) {
  const auto nearest = nearest_name(name, candidates);
  if (nearest.empty()) return "is unknown";
  return "is unknown; the nearest known one is \"" + nearest + "\"";
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > max_name || !is_lower_alnum(text.front())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_lower_alnum(c) || c == '.' || c == '_' || c == '-'; });
}

}  // namespace aerie
