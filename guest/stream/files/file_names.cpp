#include "guest/stream/files/file_names.hpp"

#include <algorithm>
#include <array>

#include "guest/stream/unicode.hpp"

namespace aerie::stream {
namespace {

/// Controls (C0, DEL, C1), line and paragraph separators, and what sets the direction of text
/// (Unicode Standard Annex 9, section 2).
bool is_harmful(char32_t point) {
  const auto is_between = [point](char32_t first, char32_t last) {
    return point >= first && point <= last;
  };
  return point == U'/' || is_between(0x00, 0x1F) || is_between(0x7F, 0x9F) || point == 0x061C ||
         is_between(0x200E, 0x200F) || is_between(0x2028, 0x202E) || is_between(0x2066, 0x2069) ||
         point == 0xFEFF;
}

constexpr std::array<std::string_view, 3> unfinished{".crdownload", ".part", ".download"};

}  // namespace

bool is_file_name(std::string_view name) {
  if (name.empty() || name.size() > longest_file_name) return false;
  if (name.front() == '.' || name.front() == ' ' || name.back() == ' ') return false;
  const auto points = decode_utf8(name);
  return points && std::none_of(points->begin(), points->end(), is_harmful);
}

std::string numbered_name(std::string_view name, int number) {
  auto stem = name.rfind('.');
  if (stem == std::string_view::npos || stem == 0) stem = name.size();
  constexpr std::string_view tar = ".tar";
  if (stem > tar.size() && name.substr(0, stem).ends_with(tar)) stem -= tar.size();
  return std::string{name.substr(0, stem)}
      .append(" (")
      .append(std::to_string(number))
      .append(")")
      .append(name.substr(stem));
}

bool is_unfinished_name(std::string_view name) {
  return std::any_of(unfinished.begin(), unfinished.end(),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

}  // namespace aerie::stream
