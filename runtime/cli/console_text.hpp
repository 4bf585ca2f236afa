#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/cause.hpp"

namespace aerie::cli {

/// A command's document as a person reads it; bytes of guests with control characters escaped.
[[nodiscard]] std::string document_text(std::string_view command, const Json& document);

/// One item of a command that goes on, as a line.
[[nodiscard]] std::string item_text(std::string_view command, const Json& item);

/// A list's items together, in columns.
[[nodiscard]] std::string list_text(std::string_view command, const std::vector<Json>& items);

/// What an actor shows of what it stands for: `30 fps, 2.1 Mbit/s, encode 3.1 ms`; empty for none.
[[nodiscard]] std::string figures_text(const Json& figures);

/// The message of a node's `lastCause`, as it is; empty for none.
[[nodiscard]] std::string last_cause_text(const Json& node);

/// `1.2 GiB`
[[nodiscard]] std::string size_text(double kib);
/// `3 d 4 h`, `12 s`, from an RFC 3339 instant until now; empty for none.
[[nodiscard]] std::string age_text(const std::string& since);

}  // namespace aerie::cli
