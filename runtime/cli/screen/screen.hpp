#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "runtime/cli/console_client.hpp"
#include "runtime/cli/screen/details.hpp"
#include "runtime/cli/screen/tree_model.hpp"

namespace aerie::cli {

/// The operators' console over the whole terminal (ncurses): the tree above, what is asked about
/// the chosen node below. Drawn when something came, from the controller or the keyboard; it polls
/// nothing.
class Screen {
 public:
  /// Takes the terminal.
  explicit Screen(ConsoleClient client);
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  /// Gives it back as it was.
  ~Screen();

  /// Until the operator leaves, or the controller does: then why.
  [[nodiscard]] Result<void> run();

  /// Draws one frame of a tree that did not come from a controller: for measurements.
  void show(const Json& item);

 private:
  // screen.cpp: what comes
  void on_message(const Json& message);
  void ask_details();
  void choose(std::size_t row);
  void follow_chosen();
  /// Scrolls as far as it takes to see what is below the chosen node, too.
  void reveal_below_chosen();
  [[nodiscard]] std::string course_of_chosen();
  void say(const std::string& text) { notice_ = text; }

  // screen_keys.cpp: what is asked
  /// False to leave.
  bool on_key(int key);
  bool on_line_key(int key);
  void begin_line(std::string prompt, std::function<void(const std::string&)> done);
  void confirm(const std::string& question, const std::string& command);
  void run_command(const std::string& line);
  void act(int key);
  void scroll_details(bool is_up);
  void show_help();
  void show_other(const std::string& title, const std::string& text);
  [[nodiscard]] const TreeModel::Node* chosen();
  /// The session or VM that the chosen node belongs to.
  [[nodiscard]] const TreeModel::Node* owner_of(const TreeModel::Node& node) const;

  // screen_drawing.cpp
  void draw();
  void draw_head(int width);
  void draw_tree(int top, int height, int width);
  void draw_row(int y, const TreeModel::Row& row, int width, bool is_chosen);
  void draw_details(int top, int height, int width);
  void draw_foot(int y, int width);
  [[nodiscard]] int detail_height() const;
  [[nodiscard]] int tree_height() const;

  ConsoleClient client_;
  TreeModel model_;
  Details details_;
  std::string chosen_;  ///< id
  std::size_t chosen_row_ = 0;
  std::size_t top_row_ = 0;
  std::size_t detail_scroll_ = 0;  ///< lines away from where it begins
  bool has_details_ = false;
  bool has_colours_ = false;
  std::string notice_;
  std::int64_t next_id_ = 10;
  std::int64_t details_id_ = 0;  ///< of the command that fills the pane
  std::int64_t action_id_ = 0;   ///< of the last thing that was asked for
  std::string action_;
  std::string action_text_;
  std::vector<Json> action_items_;
  bool is_action_shown_ = false;  ///< its answer goes into the pane
  struct Line {
    std::string prompt;
    std::string text;
    std::function<void(const std::string&)> done;
  };
  std::optional<Line> line_;                                     ///< being typed
  std::optional<std::pair<std::string, std::string>> question_;  ///< and the command after `y`
  std::string searched_;
};

}  // namespace aerie::cli
