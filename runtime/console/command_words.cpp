#include "runtime/console/command_words.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "messages/field_error.hpp"

namespace aerie {
namespace {

constexpr std::size_t most_words = 64;

const std::vector<CommandForm>& table() {
  using enum WordKind;
  static const std::vector<CommandForm> forms{
      {"tree", "", "Who supervises whom, and how they are.", {}, 0},
      {"ps", "", "The guests' processes with pid, memory and processor time.", {}, 0, false, true},
      {"top", "[-f]", "The busiest actors: messages a second, waiting, time.", {}, 0, true, true},
      {"inspect", "ID", "Everything about one actor: counts, times, its own state.", {id}, 1},
      {"why", "ID", "Why a session, VM or child is in its state.", {id}, 1},
      {"logs",
       "ID [CHILD] [-f] [--tail N]",
       "What the guest's children wrote.",
       {id, child},
       1,
       true,
       true},
      {"events", "[ID] [-f] [--tail N]", "What happened.", {id}, 0, true, true},
      {"trace", "ID [-f]", "An actor's messages, in and out, as they pass.", {id}, 1, true, true},
      {"leases", "", "What every VM holds.", {}, 0, false, true},
      {"holds", "", "Evidence that somebody keeps.", {}, 0, false, true},
      {"hold",
       "ID NAME REASON",
       "Keeps a session's evidence.",
       {id, hold, text},
       3,
       false,
       false,
       true},
      {"release", "ID NAME", "Clears a hold.", {id, hold}, 2},
      {"restart", "ID CHILD", "Restarts a guest's child, or a supervisor's.", {id, child}, 2},
      {"kill", "ID CHILD [SIGNAL]", "Signals a child; SIGKILL by default.", {id, child, text}, 2},
      {"pause", "ID", "Halts a guest's virtual machine, as it is.", {id}, 1},
      {"resume", "ID", "Lets a guest that is halted go on.", {id}, 1},
      {"retire",
       "ID [REASON] [--force]",
       "Proposes a session's end; --force asks nobody.",
       {id, text},
       1,
       false,
       false,
       true},
      {"drain", "", "Takes no new sessions from now on.", {}, 0},
      {"undrain", "", "Takes new sessions again.", {}, 0},
      {"doctor", "", "Examines the controller's host.", {}, 0},
      {"watch", "", "The tree, and each change of it (for the full screen).", {}, 0, false, true},
      {"help", "[COMMAND]", "This list.", {text}, 0},
  };
  return forms;
}

CommandFault usage_of(const CommandForm& form, const std::string& message) {
  const auto usage = std::string{form.usage};
  return {2, "usage", message,
          "Write: " + std::string{form.name} + (usage.empty() ? "" : " " + usage)};
}

tl::expected<std::size_t, CommandFault> read_count(const CommandForm& form,
                                                   const std::string& text) {
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc{} && end == text.data() + text.size() && !text.empty()) return count;
  return tl::unexpected(usage_of(form, "--tail wants a number of lines, not '" + text + "'."));
}

CommandFault unknown(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& form : table())
    names.emplace_back(form.name);
  return {2, "unknown-command",
          "The command '" + name + "' " + unknown_name_message(name, names) + ".",
          "`help` lists the commands."};
}

/// Takes an option off the words. False for what is none.
tl::expected<bool, CommandFault> read_option(Command& command, std::vector<std::string>& words,
                                             std::size_t at) {
  const auto word = words[at];
  if (word == "-f" || word == "--follow") {
    if (!command.form->follows)
      return tl::unexpected(
          usage_of(*command.form, "'" + std::string{command.form->name} + "' takes no -f."));
    command.follows = true;
  } else if (word == "--force" && command.form->name == "retire") {
    command.forced = true;
  } else if (word == "--tail" || word.starts_with("--tail=")) {
    const bool is_apart = word == "--tail";
    if (is_apart && at + 1 == words.size())
      return tl::unexpected(usage_of(*command.form, "--tail wants a number of lines."));
    const auto count = read_count(*command.form, is_apart ? words[at + 1] : word.substr(7));
    if (!count) return tl::unexpected(count.error());
    command.tail = *count;
    if (is_apart) words.erase(words.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  } else {
    return false;
  }
  words.erase(words.begin() + static_cast<std::ptrdiff_t>(at));
  return true;
}

}  // namespace

void to_json(Json& json, const CommandFault& fault) {
  json = Json{{"code", fault.code},
              {"message", fault.message},
              {"remedy", fault.remedy},
              {"status", fault.status}};
}

std::span<const CommandForm> command_forms() {
  return table();
}

const CommandForm* find_command(std::string_view name) {
  const auto& forms = table();
  const auto found = std::find_if(forms.begin(), forms.end(),
                                  [&](const CommandForm& each) { return each.name == name; });
  return found == forms.end() ? nullptr : &*found;
}

std::optional<std::vector<std::string>> split_words(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool is_word = false;
  char quote = 0;
  for (const char c : line) {
    if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      is_word = true;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      if (is_word) words.push_back(std::exchange(word, {}));
      is_word = false;
    } else {
      word += c;
      is_word = true;
    }
  }
  if (quote != 0) return std::nullopt;
  if (is_word) words.push_back(word);
  return words;
}

tl::expected<Command, CommandFault> read_command(std::string_view line) {
  auto words = split_words(line);
  if (!words)
    return tl::unexpected(
        CommandFault{2, "usage", "A quote is left open.", "Close it, or leave it out."});
  if (words->empty())
    return tl::unexpected(CommandFault{2, "usage", "There is no command.", "Try `help`."});
  if (words->size() > most_words)
    return tl::unexpected(
        CommandFault{2, "usage", "That are too many words.", "Quote the reason."});
  Command command;
  command.form = find_command(words->front());
  if (command.form == nullptr) return tl::unexpected(unknown(words->front()));
  const auto& form = *command.form;
  words->erase(words->begin());
  for (std::size_t i = 0; i < words->size();) {
    const bool is_free_text = form.takes_rest && i + 1 >= form.words.size() && form.name == "hold";
    const auto taken = is_free_text ? false : read_option(command, *words, i);
    if (!taken) return tl::unexpected(taken.error());
    if (*taken) continue;
    if ((*words)[i].starts_with("-") && !is_free_text && form.name != "kill")
      return tl::unexpected(
          usage_of(form, "'" + std::string{form.name} + "' has no option " + (*words)[i] + "."));
    ++i;
  }
  while (form.takes_rest && words->size() > form.words.size()) {
    auto last = std::move(words->back());
    words->pop_back();
    words->back() += " " + last;
  }
  if (words->size() < form.least)
    return tl::unexpected(usage_of(form, "'" + std::string{form.name} + "' wants more words."));
  if (words->size() > form.words.size())
    return tl::unexpected(usage_of(
        form, "'" + std::string{form.name} + "' can do nothing with '" + words->back() + "'."));
  command.words = std::move(*words);
  return command;
}

}  // namespace aerie
