#pragma once

#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "guest/login/terminal.hpp"

namespace aerie::login {

/// The rows as lines, with what was wrapped put together again: an address that goes to the right
/// edge (of the terminal, or of the 80 columns that some tools take for granted) and goes on at the
/// beginning of the next row. Frames drawn around text are left out.
[[nodiscard]] std::string unwrapped(const std::vector<Row>& rows, int columns);

/// An address on the screen.
struct Found {
  std::string address;
  bool may_go_on = false;  ///< it is the last thing there, at an edge: more of it may follow
};

/// The newest match of a provider's expression: its group, where that is an address of http or
/// https of at most 8 KiB.
[[nodiscard]] std::optional<Found> find_address(const std::vector<Row>& rows, int columns,
                                                const std::regex& expression);

/// Whether a text is an address that a browser may be sent to: http or https, printable ASCII, no
/// blanks, at most 8 KiB.
[[nodiscard]] bool is_address(const std::string& text);

/// The last lines of what a tool showed, with every long word that looks like a secret left out:
/// for logs, when the tool has failed.
[[nodiscard]] std::vector<std::string> last_lines(const std::vector<Row>& rows, int columns,
                                                  std::size_t most);

}  // namespace aerie::login
