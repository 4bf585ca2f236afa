#include <algorithm>
#include <array>
#include <cstdio>
#define NCURSES_NOMACROS  // functions, not macros: they stand beside our names
#include <curses.h>
#include <cwchar>

#include "runtime/cli/console_text.hpp"
#include "runtime/cli/screen/screen.hpp"
#include "runtime/cli/terminal_text.hpp"

namespace aerie::cli {
namespace {

// Colours by number; without colours attributes speak.
constexpr short well = 1;
constexpr short moving = 2;
constexpr short ill = 3;
constexpr short frame = 4;

constexpr int head_height = 2;
constexpr int foot_height = 1;
constexpr int least_tree = 6;

// Widths of the columns right of the name.
constexpr int state_width = 11;
constexpr int figures_width = 42;

struct Style {
  short colour = 0;
  attr_t attributes = A_NORMAL;
};

Style style_of(const TreeModel::Node& node) {
  const auto& state = node.state;
  if (state == "failed" || state == "given-up" || state == "exited") return {ill, A_BOLD};
  if (state == "restarting" || state == "starting" || state == "retiring" || state == "stopping" ||
      state == "preparing" || state == "booting" || state == "linking" || state == "draining" ||
      state == "waiting")
    return {moving, A_BOLD};
  if (!node.reason.empty()) return {moving, A_NORMAL};
  if (state == "ready" || state == "up") return {well, A_NORMAL};
  return {};
}

/// As much of `text` (UTF-8) as fits into `width` columns, filled up with blanks.
std::string fitted(const std::string& text, int width) {
  std::mbstate_t state{};
  const char* at = text.data();
  const char* end = at + text.size();
  int used = 0;
  while (at < end) {
    wchar_t character = 0;
    const auto length = std::mbrtowc(&character, at, static_cast<std::size_t>(end - at), &state);
    if (length == 0 || length > 4) break;
    const int columns = std::max(wcwidth(character), 0);
    if (used + columns > width) break;
    used += columns;
    at += length;
  }
  return std::string(text.data(), at) + std::string(static_cast<std::size_t>(width - used), ' ');
}

void put(int y, int x, const std::string& text, int width) {
  if (width > 0) ::mvaddstr(y, x, fitted(text, width).c_str());
}

template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

std::string brief_age(Instant since) {
  const auto seconds = std::max<std::int64_t>(
      std::chrono::floor<std::chrono::seconds>(wall_now() - since).count(), 0);
  if (since == Instant{}) return "";
  if (seconds < 100) return std::to_string(seconds) + "s";
  if (seconds < 6000) return std::to_string(seconds / 60) + "m";
  if (seconds < 360'000) return std::to_string(seconds / 3600) + "h";
  return std::to_string(seconds / 86'400) + "d";
}

bool has_line_glyphs() {
  return MB_CUR_MAX > 1;
}

std::string branches_of(const TreeModel::Row& row) {
  std::string text;
  const bool is_fine = has_line_glyphs();
  for (int depth = 1; depth < row.depth; ++depth) {
    const bool goes_on = (row.rails >> static_cast<unsigned>(depth) & 1U) != 0;
    text += !goes_on ? "  " : is_fine ? "│ " : "| ";
  }
  if (row.depth > 0) text += is_fine ? (row.is_last ? "└ " : "├ ") : (row.is_last ? "` " : "|-");
  return text;
}

/// A folded node's children in a word each, as many as a line can show.
std::string folded_children(const TreeModel::Node& node) {
  constexpr std::size_t longest = 400;
  std::string text;
  for (const auto* child : node.children) {
    if (text.size() > longest) break;
    text += " " + child->name +
            (child->state == "ready" || child->state == "running" || child->state == "up"
                 ? ""
                 : "(" + child->state + ")");
  }
  return text;
}

}  // namespace

int Screen::detail_height() const {
  if (!has_details_) return 0;
  return std::clamp(LINES / 2 - 2, 0, std::max(LINES - head_height - foot_height - least_tree, 0));
}

int Screen::tree_height() const {
  return LINES - head_height - foot_height - detail_height();
}

void Screen::draw() {
  ::erase();
  const int width = COLS;
  draw_head(width);
  draw_tree(head_height, tree_height(), width);
  if (detail_height() > 0) draw_details(head_height + tree_height(), detail_height(), width);
  draw_foot(LINES - 1, width);
  ::refresh();
}

void Screen::draw_head(int width) {
  ::attron(A_BOLD);
  std::string title = "aerie";
  title += "  " + std::to_string(model_.count("session")) + " sessions  " +
           std::to_string(model_.count("vm")) + " VMs  " + std::to_string(model_.size()) +
           " in the tree";
  if (model_.dead_letters() > 0)
    title += "  " + std::to_string(model_.dead_letters()) + " dead letters";
  if (!model_.filter().empty()) title += "  filter: " + model_.filter();
  put(0, 0, title, width);
  ::attroff(A_BOLD);
  ::attron(A_UNDERLINE);
  put(1, 0, "", width);
  put(1, 0, "NAME", width - state_width - figures_width);
  const int right = std::max(width - state_width - figures_width, 20);
  put(1, right, "STATE", std::min(state_width, width - right));
  put(1, right + state_width, " WAIT  MSG/S RST  AGE     PID  CPU%    MEM",
      width - right - state_width);
  ::attroff(A_UNDERLINE);
}

void Screen::draw_tree(int top, int height, int width) {
  const auto& rows = model_.rows();
  const auto visible = static_cast<std::size_t>(std::max(height, 0));
  if (chosen_row_ < top_row_) top_row_ = chosen_row_;
  if (visible > 0 && chosen_row_ >= top_row_ + visible) top_row_ = chosen_row_ - visible + 1;
  if (top_row_ + visible > rows.size())
    top_row_ = rows.size() > visible ? rows.size() - visible : 0;
  for (std::size_t i = 0; i < visible && top_row_ + i < rows.size(); ++i)
    draw_row(top + static_cast<int>(i), rows[top_row_ + i], width, top_row_ + i == chosen_row_);
  if (rows.empty())
    put(top, 0, model_.filter().empty() ? "waiting for the controller" : "nothing matches", width);
}

void Screen::draw_row(int y, const TreeModel::Row& row, int width, bool is_chosen) {
  const auto& node = *row.node;
  const auto style = style_of(node);
  const int right = std::max(width - state_width - figures_width, 20);
  auto name = branches_of(row) + terminal_text(short_name(node));
  if (row.is_folded) name += " +" + folded_children(node);
  if (!node.reason.empty() && !row.is_folded) name += "  " + terminal_text(node.reason);
  if (node.reason.empty() && !node.figures.empty()) name += "  " + node.figures;
  if (node.reason.empty() && !node.last_cause.empty())
    name += "  last end: " + terminal_text(node.last_cause);
  const auto background = is_chosen ? A_REVERSE : A_NORMAL;
  ::attron(background);
  put(y, 0, name, std::min(right - 1, width));
  put(y, right - 1, " ", 1);
  const auto colour = has_colours_ ? static_cast<attr_t>(COLOR_PAIR(style.colour)) : 0U;
  ::attron(static_cast<int>(style.attributes | colour));
  put(y, right, terminal_text(node.state), std::min(state_width, width - right));
  ::attroff(static_cast<int>(style.attributes | colour));
  auto figures = formatted(
      "%5llu %6s %3s %4s %7s %5s %6s", static_cast<unsigned long long>(node.mailbox),
      node.rate > 0 ? formatted(node.rate < 100 ? "%.1f" : "%.0f", node.rate).c_str() : "",
      node.restarts > 0 ? std::to_string(node.restarts).c_str() : "", brief_age(node.since).c_str(),
      node.pid > 0 ? std::to_string(node.pid).c_str() : "",
      node.cpu_percent ? formatted("%.0f", *node.cpu_percent).c_str() : "",
      node.memory_kib ? formatted("%.0fM", *node.memory_kib / 1024).c_str() : "");
  put(y, right + state_width, figures, width - right - state_width);
  ::attroff(background);
}

void Screen::draw_details(int top, int height, int width) {
  const auto colour = has_colours_ ? static_cast<int>(COLOR_PAIR(frame)) : 0;
  ::attron(A_REVERSE | colour);
  std::string title;
  for (const auto kind : detail_kinds) {
    const auto name = std::string{to_string(kind)};
    title +=
        kind == details_.kind() && !details_.is_other() ? " [" + name + "]" : "  " + name + " ";
  }
  put(top, 0, title + "  " + terminal_text(details_.subject()), width);
  ::attroff(A_REVERSE | colour);
  const auto& lines = details_.lines();
  const auto visible = static_cast<std::size_t>(std::max(height - 1, 0));
  const auto furthest = lines.size() > visible ? lines.size() - visible : 0;
  detail_scroll_ = std::min(detail_scroll_, furthest);
  const auto first = details_.is_tail() ? furthest - detail_scroll_ : detail_scroll_;
  for (std::size_t i = 0; i < visible && first + i < lines.size(); ++i)
    put(top + 1 + static_cast<int>(i), 0, lines[first + i], width);
}

void Screen::draw_foot(int y, int width) {
  ::attron(A_REVERSE);
  std::string text =
      "q quit  ? help  enter details  tab next  / search  f filter  s sort  : command";
  if (!notice_.empty()) text = notice_;
  if (question_) text = question_->first;
  if (line_) text = line_->prompt + line_->text + "_";
  put(y, 0, text, width);
  ::attroff(A_REVERSE);
}

}  // namespace aerie::cli
