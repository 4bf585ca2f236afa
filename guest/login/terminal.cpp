#include "guest/login/terminal.hpp"

#include <algorithm>
#include <array>
#include <vterm.h>

#include "guest/login/control_strings.hpp"

namespace aerie::login {
namespace {

void append_utf8(std::string& text, std::uint32_t code) {
  const auto tail = [&](unsigned shift) {
    text += static_cast<char>(0x80U | ((code >> shift) & 0x3FU));
  };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0U | (code >> 6U));
    tail(0);
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0U | (code >> 12U));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0U | (code >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

/// `cell(column)` gives the cells of one row.
template <class Cells>
Row make_row(int columns, const Cells& cell) {
  constexpr auto behind_wide = static_cast<std::uint32_t>(-1);
  Row row;
  std::size_t used = 0;
  for (int column = 0; column < columns; ++column) {
    const VTermScreenCell& each = cell(column);
    if (each.chars[0] == behind_wide) continue;
    if (each.chars[0] == 0) {
      row.text += ' ';
      continue;
    }
    for (std::size_t i = 0; i < VTERM_MAX_CHARS_PER_CELL && each.chars[i] != 0; ++i)
      append_utf8(row.text, each.chars[i]);
    if (each.chars[0] == ' ') continue;
    used = row.text.size();
    row.end = column + std::max<int>(each.width, 1);
  }
  row.text.resize(used);
  return row;
}

/// What tools ask of the colours of text and ground (xterm's OSC 10 and 11).
std::string colour_answer(std::string_view command) {
  if (command == "10;?") return "\x1b]10;rgb:ffff/ffff/ffff\x1b\\";
  if (command == "11;?") return "\x1b]11;rgb:0000/0000/0000\x1b\\";
  return {};
}

}  // namespace

struct Terminal::State {
  explicit State(std::function<void(std::string_view)> its_reply)
      : reply(std::move(its_reply)), vterm(vterm_new(rows, columns)) {
    vterm_set_utf8(vterm, 1);
    screen = vterm_obtain_screen(vterm);
    vterm_output_set_callback(
        vterm,
        [](const char* bytes, std::size_t size, void* self) {
          static_cast<State*>(self)->reply({bytes, size});
        },
        this);
    callbacks.sb_pushline = [](int width, const VTermScreenCell* cells, void* self) {
      auto& gone = static_cast<State*>(self)->history;
      gone.push_back(
          make_row(width, [&](int column) -> const VTermScreenCell& { return cells[column]; }));
      if (gone.size() > most_history) gone.pop_front();
      return 1;
    };
    vterm_screen_set_callbacks(screen, &callbacks, this);
    vterm_screen_enable_altscreen(screen, 1);
    vterm_screen_reset(screen, 1);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { vterm_free(vterm); }

  void on_osc(std::string_view command) {
    if (const auto answer = colour_answer(command); !answer.empty()) return reply(answer);
    if (!command.starts_with("8;")) return;
    // `8;PARAMETERS;ADDRESS`; without an address the link ends.
    const auto second = command.find(';', 2);
    if (second == std::string_view::npos || second + 1 == command.size()) return;
    links.emplace_back(command.substr(second + 1));
    if (links.size() > most_links) links.pop_front();
  }

  [[nodiscard]] Row row(int number) const {
    VTermScreenCell found{};
    return make_row(columns, [&](int column) -> const VTermScreenCell& {
      vterm_screen_get_cell(screen, {number, column}, &found);
      return found;
    });
  }

  std::function<void(std::string_view)> reply;
  VTerm* vterm;
  VTermScreen* screen = nullptr;
  VTermScreenCallbacks callbacks{};
  ControlStrings strings{[this](std::string_view command) { on_osc(command); }};
  std::deque<Row> history;
  std::deque<std::string> links;
};

Terminal::Terminal(std::function<void(std::string_view)> reply)
    : state_(std::make_unique<State>(std::move(reply))) {}
Terminal::~Terminal() = default;

void Terminal::feed(std::string_view bytes) {
  const auto rest = state_->strings.filter(bytes);
  vterm_input_write(state_->vterm, rest.data(), rest.size());
}

std::vector<Row> Terminal::content() const {
  std::vector<Row> all{state_->history.begin(), state_->history.end()};
  for (int i = 0; i < rows; ++i)
    all.push_back(state_->row(i));
  while (!all.empty() && all.back().text.empty())
    all.pop_back();
  return all;
}

bool Terminal::is_writing() const {
  VTermPos cursor{};
  vterm_state_get_cursorpos(vterm_obtain_state(state_->vterm), &cursor);
  const auto end = state_->row(cursor.row).end;
  // At the right edge the cursor waits on the last column for what comes next.
  return end > 0 && (cursor.col == end || (cursor.col == columns - 1 && end == columns));
}

const std::deque<std::string>& Terminal::links() const {
  return state_->links;
}

}  // namespace aerie::login
