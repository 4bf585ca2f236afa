#pragma once

#include <functional>
#include <memory>

#include "guest/stream/clipboard.hpp"
#include "guest/stream/cursor.hpp"
#include "guest/stream/event_loop.hpp"
#include "guest/stream/input_injector.hpp"
#include "guest/stream/viewer_messages.hpp"
#include "guest/stream/x_connection.hpp"
#include "guest/x11/screen_size.hpp"

namespace aerie::stream {

/// The guest's desktop but for its picture: input into it, the pointer's shape, the clipboard and
/// the display's size, on an X connection of its own and the loop's thread.
class Desktop {
 public:
  struct Events {
    std::function<void(const CursorShape&)> cursor;
    std::function<void(const std::string& utf8)> clipboard;
    std::function<void(const Cause&)> failed;
  };

  /// `follows`: the display's size may be changed.
  [[nodiscard]] static Result<std::unique_ptr<Desktop>> open(EventLoop& loop, bool follows,
                                                             Events events);
  Desktop(const Desktop&) = delete;
  Desktop& operator=(const Desktop&) = delete;

  /// Does what the holder of control asks. Empty when it is done, else why not.
  [[nodiscard]] std::optional<Refusal> perform(const ViewerMessage& message);
  void release_all();
  [[nodiscard]] const std::optional<CursorShape>& cursor() const { return cursor_.shape(); }
  /// The screen has this size now.
  void set_screen(int width, int height);

 private:
  Desktop(EventLoop& loop, XConnection x, std::uint8_t xfixes_event, Events events);
  [[nodiscard]] std::optional<Refusal> resize(const DisplayRequest& wish);
  void apply_size();
  /// Handles what X sent; also after every call that reads replies, since events come with them.
  void take_events();
  void handle(const xcb_generic_event_t& event);

  EventLoop& loop_;
  Events events_;
  XConnection x_;
  std::uint8_t xfixes_event_;
  InputInjector input_;
  CursorWatch cursor_;
  Clipboard clipboard_;
  EventSource watch_;
  x11::ScreenSize largest_;  ///< empty: the size stays
  x11::ScreenSize wanted_;
  x11::ScreenSize size_;
  EventSource size_pause_;
};

}  // namespace aerie::stream
