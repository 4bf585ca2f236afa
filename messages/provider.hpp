#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "messages/cause.hpp"
#include "messages/field_error.hpp"
#include "messages/time.hpp"

namespace aerie {

/// How one command-line tool signs its user in (contract, section 12): everything that the log-in
/// agent knows of it.
struct Provider {
  std::string name;
  std::vector<std::string> aliases;
  /// The tool and its arguments; found in the guest's PATH.
  std::vector<std::string> command;
  bool tty = true;  ///< false: the tool writes to a pipe and has no terminal
  std::map<std::string, std::string> env;
  /// An ECMAScript regular expression with one group, the address, searched in what the tool shows.
  std::string url;
  /// The port on the guest's loopback at which the tool waits for its callback, where it is a fixed
  /// one: 1 to 65535.
  std::optional<int> callback_port;
  /// A regular expression of what the tool shows once the callback came; empty: it shows nothing.
  std::string callback_line;
  /// The files that the tool leaves, absolute or beginning with `~/`; or
  std::vector<std::string> files;
  /// a regular expression of what it shows when all is done.
  std::string line;
  Duration within{300'000};  ///< for all of it; 1 s to 24 h

  friend bool operator==(const Provider&, const Provider&) = default;
};

/// Reads a provider as people write it: unknown keys, wrong types, values out of range and bad
/// regular expressions are refused, the first one found.
[[nodiscard]] Checked<Provider> check_provider(const Json& json);

/// As `check_provider`, the error as a cause of kind `link-violation`.
[[nodiscard]] Result<Provider> parse_provider(const Json& json);

/// Complete; `check_provider` reads it back to an equal provider.
void to_json(Json& json, const Provider& provider);

}  // namespace aerie
