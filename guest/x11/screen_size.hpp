#pragma once

#include <string>
#include <xcb/randr.h>

#include "messages/cause.hpp"

namespace aerie::x11 {

/// Pixels.
struct ScreenSize {
  int width = 0;
  int height = 0;
  friend bool operator==(const ScreenSize&, const ScreenSize&) = default;
};

/// The largest that the server can make this screen: of Xvfb what it was started with. Empty sides
/// where the server has no RandR 1.2.
[[nodiscard]] ScreenSize largest_size(xcb_connection_t* x, xcb_window_t root);

/// Makes the first monitor, and the screen with it, this large (RandR 1.2), by a mode of its own;
/// the mode of before goes. Other clients see one change. Reads replies: a few round trips.
/// `not_ready` where the server refuses, or is gone.
[[nodiscard]] Result<void> set_size(xcb_connection_t* x, xcb_window_t root, ScreenSize size);

/// The same on a connection of its own to the server of display `number`, which is asked for with
/// this MIT-MAGIC-COOKIE-1.
[[nodiscard]] Result<void> set_size_of(int number, std::string cookie, ScreenSize size);

}  // namespace aerie::x11
