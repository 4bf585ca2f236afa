#pragma once

#include <string>
#include <string_view>

namespace aerie {

/// Text for a terminal: control characters (C0, DEL, C1) are written as `\x1b`, so that what a
/// guest said can't drive the terminal. Line breaks too; tabs stay.
[[nodiscard]] std::string terminal_text(std::string_view text);

}  // namespace aerie
