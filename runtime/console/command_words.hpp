#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/console/console_reply.hpp"

namespace aerie {

/// What a command's word may be completed with.
enum class WordKind { id, child, hold, text };

/// One command of the operators' console (contract, section 11).
struct CommandForm {
  std::string_view name;
  std::string_view usage;    ///< after the name: `ID [CHILD] [-f] [--tail N]`
  std::string_view summary;  ///< one sentence
  std::vector<WordKind> words;
  std::size_t least = 0;    ///< words that must be there
  bool follows = false;     ///< takes -f
  bool is_list = false;     ///< its document is an array, sent item by item
  bool takes_rest = false;  ///< the last word is the rest of the line
};

/// All commands, in the order in which `help` shows them.
[[nodiscard]] std::span<const CommandForm> command_forms();
[[nodiscard]] const CommandForm* find_command(std::string_view name);

/// A line as it was typed, understood.
struct Command {
  const CommandForm* form = nullptr;
  std::vector<std::string> words;  ///< without the command's own
  bool follows = false;
  bool forced = false;
  std::optional<std::size_t> tail;

  [[nodiscard]] std::string word(std::size_t index) const {
    return index < words.size() ? words[index] : std::string{};
  }
};

/// Cuts a line into words; quotes of both kinds keep blanks together. None where a quote is left
/// open.
[[nodiscard]] std::optional<std::vector<std::string>> split_words(std::string_view line);

/// Reads a line. A fault names the nearest command, or the right usage.
[[nodiscard]] tl::expected<Command, CommandFault> read_command(std::string_view line);

}  // namespace aerie
