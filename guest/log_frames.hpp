#pragma once

#include <string>
#include <vector>

#include "messages/link.hpp"
#include "messages/log_line.hpp"

namespace aerie::guest {

/// Packs a child's lines into messages that each fit a frame: one stream a message, at most
/// `link::max_lines_per_frame` lines, in order, as valid UTF-8.
[[nodiscard]] std::vector<link::LogLines> pack_lines(const std::string& child,
                                                     const std::vector<LogLine>& lines);

/// A message's frame; an exit's tail is shortened, oldest lines first, until it fits.
[[nodiscard]] Json fitting_frame(link::GuestMessage message);

}  // namespace aerie::guest
