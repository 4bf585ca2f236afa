#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/replay/fault.hpp"

namespace aerie::replay {

/// What was found of one fault.
struct Finding {
  std::string fault;
  CauseKind expected = CauseKind::clean;
  std::string found;  ///< the kind, as the events (or the refusal) have it
  std::optional<double>
      verdict_ms;  ///< from the fault to its event at a reader; below 0: before it was due
  std::optional<double> viewer_ms;  ///< from the fault to a viewer's socket
  std::vector<std::string> wrong;   ///< one sentence each
  std::string left_out;             ///< why it was not planted; empty: it was
};

/// The longest that a verdict may take.
inline constexpr double most_verdict_ms = 100;

/// Plants the fault in a controller of its own and looks for it wherever it must be told.
[[nodiscard]] Finding rehearse(const Fault& fault);

/// The first cause of a kind in an event or a viewer's message; null where there is none.
[[nodiscard]] const Json* cause_in(const Json& message, std::string_view kind);

/// A line for a table, with a heading for an empty list.
[[nodiscard]] std::string table(const std::vector<Finding>& findings);
[[nodiscard]] Json to_document(const std::vector<Finding>& findings);

}  // namespace aerie::replay
