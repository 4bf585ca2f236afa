#pragma once

#include <cstdlib>
#include <memory>
#include <string_view>
#include <xcb/xcb.h>

#include "messages/cause.hpp"

namespace aerie::stream {

struct FreeReply {
  void operator()(void* reply) const { std::free(reply); }
};
/// A reply, event or error of XCB, which malloc made.
template <class T>
using XcbPtr = std::unique_ptr<T, FreeReply>;

/// A connection to the X server of `DISPLAY`, with its first screen. Used by one thread.
class XConnection {
 public:
  /// `not_ready` when the server does not answer, naming the display.
  [[nodiscard]] static Result<XConnection> open();

  [[nodiscard]] xcb_connection_t* get() const { return connection_.get(); }
  [[nodiscard]] const xcb_screen_t& screen() const { return *screen_; }
  [[nodiscard]] xcb_window_t root() const { return screen_->root; }
  [[nodiscard]] int descriptor() const { return xcb_get_file_descriptor(connection_.get()); }
  [[nodiscard]] bool is_broken() const { return xcb_connection_has_error(connection_.get()) != 0; }
  void flush() { xcb_flush(connection_.get()); }

  /// The first event number of an extension; `environment_missing`-like `not_ready` without it.
  [[nodiscard]] Result<std::uint8_t> extension(xcb_extension_t& id, std::string_view name);

  [[nodiscard]] xcb_atom_t atom(std::string_view name);

 private:
  struct Disconnect {
    void operator()(xcb_connection_t* connection) const { xcb_disconnect(connection); }
  };
  explicit XConnection(xcb_connection_t* connection) : connection_(connection) {}

  std::unique_ptr<xcb_connection_t, Disconnect> connection_;
  const xcb_screen_t* screen_ = nullptr;
};

/// The cause of every failure that means the X server went away.
[[nodiscard]] Cause display_lost();

}  // namespace aerie::stream
