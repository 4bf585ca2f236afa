#include <algorithm>
#define NCURSES_NOMACROS  // functions, not macros: they stand beside our names
#include <curses.h>

#include "runtime/cli/screen/screen.hpp"
#include "runtime/console/command_words.hpp"

namespace aerie::cli {
namespace {

constexpr int key_escape = 27;
constexpr int key_delete = 127;

constexpr const char* help_lines =
    "up down pgup pgdn home end   choose          enter    what is below: why, logs, events …\n"
    "space left right             fold            tab      the next of these\n"
    "/ n   search, the next one   f   filter      s        sort: tree, name, mailbox, …\n"
    "r     restart a child        k   kill it     x        retire the session\n"
    "h u   hold, release evidence d D drain,      :        any command (:help)\n"
    "[ ]   scroll what is below       undrain     q        leave\n";

}  // namespace

bool Screen::on_key(int key) {
  if (key == KEY_RESIZE) {
    follow_chosen();
    return true;
  }
  if (question_) {
    const auto [question, command] = *std::exchange(question_, std::nullopt);
    say("");
    if (key != 'y' && key != 'Y') return true;
    is_action_shown_ = false;
    run_command(command);
    return true;
  }
  if (line_) return on_line_key(key);
  const auto page = static_cast<std::size_t>(std::max(tree_height() - 1, 1));
  say("");
  switch (key) {
    case 'q':
      return false;
    case KEY_UP:
      if (chosen_row_ > 0) choose(chosen_row_ - 1);
      break;
    case KEY_DOWN:
      choose(chosen_row_ + 1);
      break;
    case KEY_PPAGE:
      choose(chosen_row_ > page ? chosen_row_ - page : 0);
      break;
    case KEY_NPAGE:
      choose(chosen_row_ + page);
      break;
    case KEY_HOME:
      choose(0);
      break;
    case KEY_END:
      choose(model_.rows().size());
      break;
    case KEY_LEFT:
    case KEY_RIGHT:
    case ' ':
      if (const auto* node = chosen(); node != nullptr && key == ' ')
        model_.toggle(node->id);
      else if (node != nullptr)
        model_.fold(node->id, key == KEY_LEFT);
      follow_chosen();
      reveal_below_chosen();
      break;
    case '\n':
    case KEY_ENTER:
      has_details_ = !has_details_;
      follow_chosen();
      if (has_details_) ask_details();
      break;
    case '\t': {
      const auto next = (static_cast<std::size_t>(details_.kind()) + 1) % std::size(detail_kinds);
      if (const auto* node = chosen(); node != nullptr && has_details_)
        (void)details_.begin(detail_kinds[next], node->id, node->kind);
      has_details_ = true;
      follow_chosen();
      ask_details();
      break;
    }
    case '[':
      scroll_details(true);
      break;
    case ']':
      scroll_details(false);
      break;
    case 's':
      model_.next_order();
      follow_chosen();
      say("sorted by " + std::string{model_.order_name()});
      break;
    case '/':
      begin_line("search: ", [this](const std::string& text) {
        searched_ = text;
        if (const auto row = model_.search(text, chosen_row_))
          choose(*row);
        else
          say("'" + text + "' is nowhere.");
      });
      break;
    case 'n':
      if (const auto row = model_.search(searched_, chosen_row_)) choose(*row);
      break;
    case 'f':
      begin_line("filter: ", [this](const std::string& text) {
        model_.set_filter(text);
        follow_chosen();
      });
      break;
    case ':':
      begin_line(":", [this](const std::string& text) {
        is_action_shown_ = true;
        run_command(text);
      });
      break;
    case '?':
      show_help();
      break;
    default:
      act(key);
  }
  return true;
}

void Screen::scroll_details(bool is_up) {
  const auto step = static_cast<std::size_t>(std::max(detail_height() / 2, 1));
  // Counted from the end where that is what is looked at.
  if (is_up == details_.is_tail())
    detail_scroll_ += step;
  else
    detail_scroll_ -= std::min(step, detail_scroll_);
}

bool Screen::on_line_key(int key) {
  auto& text = line_->text;
  if (key == key_escape) {
    line_.reset();
  } else if (key == '\n' || key == KEY_ENTER) {
    const auto line = *std::exchange(line_, std::nullopt);
    line.done(line.text);
  } else if (key == KEY_BACKSPACE || key == key_delete || key == '\b') {
    // A character of UTF-8 goes whole.
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80)
      text.pop_back();
    if (!text.empty()) text.pop_back();
  } else if (key >= ' ' && key < 256) {
    text += static_cast<char>(key);
  }
  return true;
}

void Screen::begin_line(std::string prompt, std::function<void(const std::string&)> done) {
  line_ = Line{std::move(prompt), "", std::move(done)};
}

void Screen::confirm(const std::string& question, const std::string& command) {
  question_ = {question + " (y/n)", command};
}

void Screen::run_command(const std::string& line) {
  const auto command = read_command(line);
  if (!command) return say(command.error().message + " " + command.error().remedy);
  if (command->form->name == "help") return show_help();
  if (command->form->name == "watch") return say("This screen is a watch.");
  const auto shows = [&](DetailKind kind) { return to_string(kind) == command->form->name; };
  for (const auto kind : detail_kinds) {
    if (!shows(kind) || command->words.empty()) continue;
    // What the pane can show goes there, of whatever id was named.
    if (details_id_ != 0)
      if (auto stopped = client_.stop(details_id_); !stopped) say(stopped.error().message);
    (void)details_.begin(kind, command->word(0), "");
    has_details_ = true;
    details_id_ = next_id_++;
    if (auto sent = client_.run(details_id_, line); !sent) say(sent.error().message);
    return;
  }
  action_ = line;
  action_text_.clear();
  action_items_.clear();
  action_id_ = next_id_++;
  if (auto sent = client_.run(action_id_, line); !sent) return say(sent.error().message);
  say("Asked: " + line);
}

/// Keys that change something: each asks once, naming what it will touch.
void Screen::act(int key) {
  if (key == 'd') return confirm("Take no new sessions from now on?", "drain");
  if (key == 'D') return confirm("Take new sessions again?", "undrain");
  const auto* node = chosen();
  if (node == nullptr) return;
  const auto* owner = owner_of(*node);
  if (key == 'r' || key == 'k') {
    const auto* parent = model_.find(node->parent);
    const bool is_supervised = parent != nullptr && parent->kind == "supervisor";
    if (node->kind != "child" && !is_supervised)
      return say("Choose a child of a guest, or of a supervisor.");
    const std::string verb = key == 'r' ? "restart" : "kill";
    return confirm(std::string{key == 'r' ? "Restart" : "Kill"} + " '" + node->name + "' of " +
                       short_name(*parent) +
                       (node->pid > 0 ? ", pid " + std::to_string(node->pid) : "") + "?",
                   verb + " " + parent->id + " " + node->name);
  }
  if (key != 'x' && key != 'h' && key != 'u') return;
  if (owner == nullptr) return say("Choose a session, or something of one.");
  const auto id = owner->id;
  const auto name = short_name(*owner);
  if (key == 'x') return confirm("Propose the end of " + name + "?", "retire " + id);
  if (key == 'h')
    return begin_line("hold " + name + ", name and reason: ", [this, id, name](const auto& text) {
      confirm("Hold the evidence of " + name + " as '" + text + "'?", "hold " + id + " " + text);
    });
  begin_line("release which hold of " + name + ": ", [this, id, name](const auto& text) {
    confirm("Clear the hold '" + text + "' of " + name + "?", "release " + id + " " + text);
  });
}

void Screen::show_help() {
  show_other("help", help_lines);
}

/// Into the pane, in place of what it follows.
void Screen::show_other(const std::string& title, const std::string& text) {
  if (details_id_ != 0)
    if (auto stopped = client_.stop(details_id_); !stopped) say(stopped.error().message);
  details_id_ = next_id_++;
  detail_scroll_ = 0;
  details_.show(title, text);
  has_details_ = true;
  follow_chosen();
}

}  // namespace aerie::cli
