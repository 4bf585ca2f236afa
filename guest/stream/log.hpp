#pragma once

#include <string_view>

namespace aerie::stream {

/// Writes one line to standard error, control characters replaced, cut at 2 KiB. Never pass it
/// keystrokes, clipboard text, or session descriptions (they hold ICE passwords).
void log_line(std::string_view line);

}  // namespace aerie::stream
