#include "runtime/cli/screen/screen.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <clocale>
#define NCURSES_NOMACROS  // functions, not macros: they stand beside our names
#include <curses.h>
#include <poll.h>
#include <unistd.h>

#include "runtime/cli/console_text.hpp"
#include "runtime/cli/terminal_text.hpp"

namespace aerie::cli {
namespace {

constexpr std::int64_t watch_id = 1;

}  // namespace

Screen::Screen(ConsoleClient client) : client_(std::move(client)) {
  std::setlocale(LC_ALL, "");
  ::initscr();
  ::cbreak();
  ::noecho();
  ::keypad(stdscr, TRUE);
  ::nodelay(stdscr, TRUE);
  ::set_escdelay(25);
  ::curs_set(0);
  has_colours_ = ::has_colors() && ::start_color() == OK && ::use_default_colors() == OK;
  if (has_colours_) {
    ::init_pair(1, COLOR_GREEN, -1);
    ::init_pair(2, COLOR_YELLOW, -1);
    ::init_pair(3, COLOR_RED, -1);
    ::init_pair(4, COLOR_CYAN, -1);
  }
}

Screen::~Screen() {
  // Where there is no screen beside this one, what is said next begins on a clean line.
  ::move(LINES - 1, 0);
  ::clrtoeol();
  ::refresh();
  ::endwin();
}

Result<void> Screen::run() {
  if (auto sent = client_.run(watch_id, "watch"); !sent) return sent;
  for (;;) {
    draw();
    std::array<pollfd, 2> waited{{{STDIN_FILENO, POLLIN, 0}, {client_.fd(), POLLIN, 0}}};
    // A signal (the window's size) ends the waiting too: getch tells it.
    if (::poll(waited.data(), waited.size(), -1) < 0 && errno != EINTR)
      return tl::unexpected(Cause{CauseKind::link_lost,
                                  "The terminal can't be waited for.",
                                  "Use `aerie console -c` instead.",
                                  {}});
    if ((waited[0].revents & (POLLHUP | POLLERR)) != 0) return {};
    for (int key = ::getch(); key != ERR; key = ::getch())
      if (!on_key(key)) return {};
    for (;;) {
      const auto message = client_.poll();
      if (!message) return tl::unexpected(message.error());
      if (!*message) break;
      on_message(**message);
    }
  }
}

void Screen::show(const Json& item) {
  model_.apply(item);
  follow_chosen();
  draw();
}

void Screen::on_message(const Json& message) {
  const auto id = message.value("id", std::int64_t{0});
  if (id == watch_id) {
    if (const auto item = message.find("item"); item != message.end()) {
      const auto before = course_of_chosen();
      model_.apply(*item);
      follow_chosen();
      // What is below tells why: of what has just happened, too.
      const bool tells_why =
          has_details_ && !details_.is_other() && details_.kind() == DetailKind::why;
      if (tells_why && course_of_chosen() != before) ask_details();
    }
    if (const auto end = message.find("end"); end != message.end() && !end->at("fault").is_null()) {
      // The console was restarted: its tree is asked for again.
      say(terminal_text(end->at("fault").value("message", "")));
      if (auto again = client_.run(watch_id, "watch"); !again) say(again.error().message);
    }
    return;
  }
  if (id == details_id_) return details_.take(message);
  if (id != action_id_) return;
  if (const auto document = message.find("document"); document != message.end())
    action_text_ += document_text(action_.substr(0, action_.find(' ')), *document);
  if (const auto item = message.find("item"); item != message.end()) action_items_.push_back(*item);
  if (const auto end = message.find("end"); end != message.end()) {
    const auto fault = end->value("fault", Json());
    if (fault.is_object())
      say(terminal_text(fault.value("message", "") + " " + fault.value("remedy", "")));
    else
      say("Done: " + action_);
    // What a key has done is to be seen in the tree; who typed a command wants its answer.
    if (!std::exchange(is_action_shown_, false) || fault.is_object()) return;
    if (!action_items_.empty())
      action_text_ += list_text(action_.substr(0, action_.find(' ')), action_items_);
    show_other(action_, action_text_);
  }
}

/// What changes in a node's course: id, state, restarts.
std::string Screen::course_of_chosen() {
  const auto* node = model_.find(chosen_);
  if (node == nullptr) return {};
  return node->id + " " + node->state + " " + std::to_string(node->restarts);
}

/// The chosen node stays chosen wherever its row goes; where it went, its place is.
void Screen::follow_chosen() {
  model_.fit(static_cast<std::size_t>(std::max(tree_height(), 1)));
  if (const auto row = model_.row_of(chosen_)) {
    chosen_row_ = *row;
    return;
  }
  const auto& rows = model_.rows();
  choose(std::min(chosen_row_, rows.empty() ? 0 : rows.size() - 1));
}

void Screen::reveal_below_chosen() {
  const auto& rows = model_.rows();
  auto last = chosen_row_;
  while (last + 1 < rows.size() && rows[last + 1].depth > rows[chosen_row_].depth)
    ++last;
  const auto visible = static_cast<std::size_t>(std::max(tree_height(), 1));
  if (last >= top_row_ + visible) top_row_ = std::min(chosen_row_, last + 1 - visible);
}

void Screen::choose(std::size_t row) {
  const auto& rows = model_.rows();
  if (rows.empty()) return;
  chosen_row_ = std::min(row, rows.size() - 1);
  const auto& id = rows[chosen_row_].node->id;
  if (id == chosen_) return;
  chosen_ = id;
  if (has_details_) ask_details();
}

void Screen::ask_details() {
  const auto* node = chosen();
  if (node == nullptr) return;
  if (details_id_ != 0)
    if (auto stopped = client_.stop(details_id_); !stopped) say(stopped.error().message);
  detail_scroll_ = 0;
  details_id_ = next_id_++;
  const auto command = details_.begin(details_.kind(), node->id, node->kind);
  if (command.empty()) return;
  if (auto sent = client_.run(details_id_, command); !sent) say(sent.error().message);
}

const TreeModel::Node* Screen::chosen() {
  const auto& rows = model_.rows();
  return chosen_row_ < rows.size() ? rows[chosen_row_].node : nullptr;
}

const TreeModel::Node* Screen::owner_of(const TreeModel::Node& node) const {
  const auto* each = &node;
  while (each != nullptr && each->kind != "session" && each->kind != "vm")
    each = model_.find(each->parent);
  return each;
}

}  // namespace aerie::cli
