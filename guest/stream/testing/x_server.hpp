#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

#include "guest/stream/x_connection.hpp"

namespace aerie::stream::testing {

/// An Xvfb of 320x240 for one test, with DISPLAY set to it; killed at the end.
class XServer {
 public:
  /// Waits for the server's own word that it is ready; throws when there is none.
  XServer();
  ~XServer();
  XServer(const XServer&) = delete;
  XServer& operator=(const XServer&) = delete;

  /// Ends the server at once and waits for its end.
  void kill();

  static constexpr int width = 320;
  static constexpr int height = 240;

 private:
  pid_t pid_ = -1;
};

/// A program on the screen: a window over all of it that can be painted and that hears input.
class Painter {
 public:
  Painter();
  /// Fills the window and waits until X has done it.
  void paint(std::uint32_t rgb);
  /// A key, button or motion event; `type` is X's event number.
  struct Input {
    std::uint8_t type;
    std::uint8_t detail;  ///< keycode or button
    int x;
    int y;
    std::uint16_t state;
  };
  /// The next one that has come; empty when there is none.
  [[nodiscard]] std::optional<Input> poll_input();
  /// The keysym that `detail` of a key event means under the present keyboard map.
  [[nodiscard]] std::uint32_t keysym(std::uint8_t keycode, std::uint16_t state);
  /// Owns CLIPBOARD with this text; `serve_copies` answers who asks for it, and notes its loss.
  void copy(std::string text);
  void serve_copies();
  [[nodiscard]] bool lost_selection() const { return lost_; }
  /// Asks for CLIPBOARD's text; `pasted` gives it once it has come.
  void ask_paste();
  [[nodiscard]] std::optional<std::string> pasted();
  [[nodiscard]] XConnection& x() { return x_; }
  [[nodiscard]] xcb_window_t window() const { return window_; }

 private:
  XConnection x_;
  xcb_window_t window_;
  xcb_gcontext_t brush_;
  std::string copied_;
  bool lost_ = false;
};

}  // namespace aerie::stream::testing
