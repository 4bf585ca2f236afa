#pragma once

#include <functional>
#include <string>

#include "guest/stream/x_connection.hpp"

namespace aerie::stream {

/// The guest's CLIPBOARD selection, text only: owns it for what a viewer gives, and reads what the
/// guest's programs put there. Text over 60 KiB, and what comes in pieces (INCR), is left alone.
class Clipboard {
 public:
  using Changed = std::function<void(const std::string& utf8)>;

  /// `changed` is called with each new text of the guest's programs, never with our own.
  Clipboard(XConnection& x, std::uint8_t xfixes_event, Changed changed);

  /// Puts text there, UTF-8.
  void offer(std::string text);
  /// Looks at an event of X; true when it was the clipboard's.
  bool handle(const xcb_generic_event_t& event);

 private:
  void owner_changed(xcb_window_t owner);
  void text_came(xcb_atom_t property);
  void serve(const xcb_selection_request_event_t& request);

  XConnection& x_;
  std::uint8_t xfixes_event_;
  Changed changed_;
  xcb_window_t window_;
  xcb_atom_t clipboard_;
  xcb_atom_t utf8_;
  xcb_atom_t targets_;
  xcb_atom_t plain_text_;
  xcb_atom_t transfer_;
  std::string text_;
};

}  // namespace aerie::stream
