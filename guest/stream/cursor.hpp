#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "guest/stream/x_connection.hpp"
#include "messages/cause.hpp"

namespace aerie::stream {

/// A shape of the pointer, ready to be sent.
struct CursorShape {
  std::uint32_t id = 0;  ///< X's serial of the shape; the same shape keeps it
  bool hidden = false;
  int hot_x = 0;
  int hot_y = 0;
  int width = 0;
  int height = 0;
  std::string png;  ///< base64, at most 48 KiB
};

/// Follows the pointer's shape with XFixes.
class CursorWatch {
 public:
  explicit CursorWatch(XConnection& x);

  /// Reads the shape anew; after XFixes' CursorNotify. False: it could not be read or is too large,
  /// and the one before stands.
  bool refresh();
  [[nodiscard]] const std::optional<CursorShape>& shape() const { return shape_; }

 private:
  XConnection& x_;
  std::optional<CursorShape> shape_;
};

/// What one viewer has seen: gives each shape in full once, then by its id.
class CursorCache {
 public:
  [[nodiscard]] Json message_for(const CursorShape& shape);

 private:
  std::set<std::uint32_t> known_;
};

/// The shape for `width` x `height` pixels of premultiplied ARGB; hidden when nothing of it shows,
/// empty when it is larger than 48 KiB. For CursorWatch and its tests.
[[nodiscard]] std::optional<CursorShape> make_cursor_shape(std::uint32_t id, int width, int height,
                                                           const std::uint32_t* argb);

}  // namespace aerie::stream
