#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aerie::login {

/// A row of what a tool shows.
struct Row {
  std::string text;  ///< UTF-8, without blanks at its end
  int end = 0;       ///< the column behind its last character
};

/// A terminal that a tool writes to and nobody looks at: a screen, the rows that scrolled off it,
/// and answers to what tools ask of terminals (cursor position, device attributes, colours), by
/// libvterm.
class Terminal {
 public:
  static constexpr int rows = 60;
  static constexpr int columns = 240;
  static constexpr std::size_t most_history = 200;
  static constexpr std::size_t most_links = 16;

  /// `reply` gets what the terminal answers, to be written to the tool.
  explicit Terminal(std::function<void(std::string_view)> reply);
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal();

  void feed(std::string_view bytes);

  /// The rows that scrolled away and those of the screen, down to the last that is not empty.
  [[nodiscard]] std::vector<Row> content() const;
  /// Whether the cursor stands where the last character was written, so that more may follow it.
  [[nodiscard]] bool is_writing() const;
  /// Addresses of hyperlinks (OSC 8), the newest last: whole, however the text is wrapped.
  [[nodiscard]] const std::deque<std::string>& links() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace aerie::login
