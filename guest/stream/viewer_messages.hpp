#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>

namespace aerie::stream {

inline constexpr std::size_t max_message_bytes = 16 * 1024;
inline constexpr std::size_t max_clipboard_bytes = 60 * 1024;

/// Pixels of the guest's display; not yet clamped to it.
struct Point {
  int x = 0;
  int y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};

/// What a viewer says over a data channel (contract, section 4, "Media"), one struct a message.
struct KeyEvent {
  std::uint32_t keysym = 0;
  bool down = false;
};
struct ButtonEvent {
  std::uint8_t button = 0;  ///< X's number, 1 to 9
  bool down = false;
  std::optional<Point> at;
  std::optional<std::uint64_t> n;
};
struct MoveEvent {
  Point at;
  std::optional<std::uint64_t> n;
};
struct WheelEvent {
  double dx = 0;  ///< notches, positive to the right
  double dy = 0;  ///< notches, positive down
  std::optional<Point> at;
  std::optional<std::uint64_t> n;
};
struct TextEvent {
  std::u32string text;
};
struct ClipboardEvent {
  std::string text;  ///< UTF-8
};
struct ReleaseAll {};
struct DisplayRequest {
  int width = 0;
  int height = 0;
};
/// Begins or ends the recording of the screen.
struct RecordRequest {
  bool on = false;
};

using ViewerMessage = std::variant<KeyEvent, ButtonEvent, MoveEvent, WheelEvent, TextEvent,
                                   ClipboardEvent, ReleaseAll, DisplayRequest, RecordRequest>;

/// Why a message was not done: `bad-json`, `too-large`, `unknown-type`, `missing-field`,
/// `bad-field`, `not-in-control`, `rate-limited`, `no-keycode`, `unsupported`.
struct Refusal {
  std::string_view reason;
  std::string_view field = {};  ///< the field at fault, where there is one
  friend bool operator==(const Refusal&, const Refusal&) = default;
};

/// Reads one message as it came. Never throws; holds no more memory than a few times the input.
[[nodiscard]] tl::expected<ViewerMessage, Refusal> parse_viewer_message(std::string_view bytes);

}  // namespace aerie::stream
