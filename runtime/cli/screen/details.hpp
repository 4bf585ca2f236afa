#pragma once

#include <deque>
#include <string>
#include <vector>

#include "messages/cause.hpp"

namespace aerie::cli {

/// What the pane below the tree can show of the chosen node.
enum class DetailKind { why, logs, events, inspect, leases, holds };

inline constexpr DetailKind detail_kinds[] = {DetailKind::why,    DetailKind::logs,
                                              DetailKind::events, DetailKind::inspect,
                                              DetailKind::leases, DetailKind::holds};

[[nodiscard]] std::string_view to_string(DetailKind kind);

/// The lines of the pane: asked for by a command, filled by what comes of it.
class Details {
 public:
  static constexpr std::size_t most_lines = 5000;

  /// Begins anew. Empty where there is nothing to ask.
  [[nodiscard]] std::string begin(DetailKind kind, const std::string& id,
                                  const std::string& node_kind);

  /// Takes in a message of the console.
  void take(const Json& message);

  /// Shows a text that is none of these kinds: a command's answer, or our own.
  void show(const std::string& title, const std::string& text) {
    subject_ = title;
    is_other_ = true;
    lines_.clear();
    add(text);
  }

  [[nodiscard]] const std::deque<std::string>& lines() const { return lines_; }
  [[nodiscard]] DetailKind kind() const { return kind_; }
  [[nodiscard]] bool is_other() const { return is_other_; }
  [[nodiscard]] const std::string& subject() const { return subject_; }
  /// Logs and events are seen at their end, the rest from the beginning.
  [[nodiscard]] bool is_tail() const {
    return !is_other_ && (kind_ == DetailKind::logs || kind_ == DetailKind::events);
  }

 private:
  void add(const std::string& text);
  [[nodiscard]] bool is_list() const {
    return kind_ == DetailKind::leases || kind_ == DetailKind::holds;
  }

  DetailKind kind_ = DetailKind::why;
  bool is_other_ = false;
  std::string subject_;
  std::string owner_;  ///< the session or VM whose leases and holds are shown; empty: everybody's
  std::deque<std::string> lines_;
  std::vector<Json> items_;  ///< of a list that is not whole yet
};

}  // namespace aerie::cli
