#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Instrumented, <regex> of g++ 12 looks uninitialized to it (GCC bug 105562).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "guest/login/address.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "runtime/process/utf8.hpp"

namespace aerie::login {
namespace {

constexpr std::size_t max_address = 8 * 1024;
constexpr std::size_t max_searched = 32 * 1024;  // std::regex needs stack for what it matches
/// How far from the right edge a tool may break its lines, for frames and margins.
constexpr int edge = 6;
constexpr int common_width = 80;
constexpr int common_edge = 3;
constexpr std::size_t secret_length = 20;
constexpr std::size_t max_line = 512;

/// Box drawing (U+2500 to U+257F) is E2 94 xx and E2 95 xx.
bool starts_with_frame(std::string_view text) {
  return text.size() >= 3 && text[0] == '\xE2' && (text[1] == '\x94' || text[1] == '\x95');
}

struct Line {
  std::string_view text;
  int end = 0;  ///< the column behind its last character
};

Line without_frame(const Row& row) {
  Line line{row.text, row.end};
  const auto ends_with_frame = [&] {
    return line.text.size() >= 3 && starts_with_frame(line.text.substr(line.text.size() - 3));
  };
  while (!line.text.empty()) {
    if (line.text.back() == ' ' || line.text.back() == '|') {
      line.text.remove_suffix(1);
      --line.end;
    } else if (ends_with_frame()) {
      line.text.remove_suffix(3);
      --line.end;
    } else {
      break;
    }
  }
  while (!line.text.empty()) {
    if (line.text.front() == ' ' || line.text.front() == '|')
      line.text.remove_prefix(1);
    else if (starts_with_frame(line.text))
      line.text.remove_prefix(3);
    else
      break;
  }
  return line;
}

/// Of RFC 3986, section 2.
bool is_address_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view{"-._~:/?#[]@!$&'()*+,;=%"}.find(c) != std::string_view::npos;
}

std::string_view last_word(std::string_view text) {
  const auto blank = text.rfind(' ');
  return blank == std::string_view::npos ? text : text.substr(blank + 1);
}

bool is_at_edge(int end, int columns) {
  return end >= columns - edge || (end <= common_width && end > common_width - common_edge);
}

bool is_of_address(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), is_address_character);
}

}  // namespace

std::string unwrapped(const std::vector<Row>& rows, int columns) {
  std::string text;
  bool goes_on = false;  // the last word so far is an address that ends at the edge
  for (const auto& row : rows) {
    const auto line = without_frame(row);
    const auto first = line.text.substr(0, line.text.find(' '));
    const bool is_joined = goes_on && is_of_address(first);
    if (!is_joined && !text.empty()) text += '\n';
    text += line.text;
    const auto word = last_word(line.text);
    const bool is_address = word.find("://") != std::string_view::npos ||
                            (is_joined && word.size() == line.text.size());
    goes_on = is_address && is_at_edge(line.end, columns);
  }
  return text;
}

std::optional<Found> find_address(const std::vector<Row>& rows, int columns,
                                  const std::regex& expression) {
  auto text = unwrapped(rows, columns);
  if (text.size() > max_searched) text.erase(0, text.size() - max_searched);
  std::optional<Found> found;
  try {
    for (std::sregex_iterator each{text.begin(), text.end(), expression}, end; each != end; ++each)
      if (each->size() > 1 && is_address((*each)[1].str())) {
        const bool is_last = (*each)[1].second == text.end();
        found =
            Found{(*each)[1].str(), is_last && is_at_edge(without_frame(rows.back()).end, columns)};
      }
  } catch (const std::regex_error&) {  // too much for it: nothing that it could say
    return std::nullopt;
  }
  return found;
}

bool is_address(const std::string& text) {
  return (text.starts_with("https://") || text.starts_with("http://")) &&
         text.size() <= max_address && std::all_of(text.begin(), text.end(), [](char c) {
           return c > ' ' && c < 0x7f && c != '"' && c != '<' && c != '>' && c != '\\' && c != '`';
         });
}

std::vector<std::string> last_lines(const std::vector<Row>& rows, int columns, std::size_t most) {
  std::vector<std::string> lines;
  const auto text = unwrapped(rows, columns);
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    std::string line;
    for (auto word = at; word <= end;) {
      const auto blank = std::min(text.find(' ', word), end);
      const auto part = text.substr(word, blank - word);
      const bool has_digit = std::any_of(part.begin(), part.end(), [](char c) {
        return std::isdigit(static_cast<unsigned char>(c)) != 0;
      });
      const bool is_hidden = part.size() >= secret_length && has_digit && !part.starts_with('/');
      if (word > at) line += ' ';
      line += is_hidden ? "[" + std::to_string(part.size()) + " characters]" : part;
      word = blank + 1;
    }
    if (!line.empty()) lines.push_back(valid_utf8(line, max_line));
    at = end + 1;
  }
  if (lines.size() > most) lines.erase(lines.begin(), lines.end() - static_cast<long>(most));
  return lines;
}

}  // namespace aerie::login
