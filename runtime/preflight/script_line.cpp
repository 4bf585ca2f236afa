#include "runtime/preflight/script_line.hpp"

#include <sstream>

namespace aerie::preflight {
namespace {

constexpr const char* blanks = " \t";

}  // namespace

std::optional<ScriptLine> parse_script_line(std::string_view head) {
  if (!head.starts_with("#!")) return std::nullopt;
  const bool is_whole_file = head.size() < head_size;
  head = head.substr(2, head_size - 2);
  const auto line_end = head.find('\n');
  const bool is_whole_line = line_end != std::string_view::npos || is_whole_file;
  auto line = head.substr(0, line_end);
  line = line.substr(0, line.find('\0'));
  const auto begin = line.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return std::nullopt;
  line.remove_prefix(begin);
  const auto end = line.find_first_of(blanks);
  if (end == std::string_view::npos && !is_whole_line) return std::nullopt;
  ScriptLine script{std::string{line.substr(0, end)}, {}};
  if (end != std::string_view::npos)
    if (const auto from = line.find_first_not_of(blanks, end); from != std::string_view::npos)
      script.argument = line.substr(from, line.find_last_not_of(blanks) + 1 - from);
  return script;
}

std::optional<EnvCommand> parse_env_arguments(const std::string& argument) {
  // Without -S the kernel gives env the rest of the line as one argument.
  std::vector<std::string> words;
  std::string text = argument;
  bool is_split = false;
  for (const std::string_view option : {"-S", "--split-string=", "-vS"})
    if (text.starts_with(option)) {
      text.erase(0, option.size());
      is_split = true;
      break;
    }
  // Quotes, escapes and variables are env's own language.
  if (is_split && text.find_first_of("\"'\\$#") != std::string::npos) return std::nullopt;
  if (!is_split) {
    words.push_back(text);
  } else {
    std::istringstream all{text};
    for (std::string word; all >> word;)
      words.push_back(word);
  }
  EnvCommand command;
  for (const auto& word : words) {
    if (word == "-i" || word == "-" || word == "--ignore-environment") {
      command.path = "";
    } else if (word.starts_with('-')) {
      return std::nullopt;
    } else if (const auto equals = word.find('='); equals != std::string::npos) {
      if (word.starts_with("PATH=")) command.path = word.substr(equals + 1);
    } else if (!word.empty()) {
      command.program = word;
      return command;
    }
  }
  return std::nullopt;
}

}  // namespace aerie::preflight
