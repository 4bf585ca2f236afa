#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "guest/stream/control_messages.hpp"
#include "guest/stream/event_loop.hpp"

namespace aerie::stream {

/// Pictures of the screen for the host, as PNG. Each is taken by a thread of its own, of low
/// priority and with its own X connection: neither capture nor viewers notice. It goes out in
/// parts, one for each that is asked for. Lives on the loop's thread.
class Screenshots {
 public:
  /// Bytes of the PNG a part; in base64 and with its words it fits a frame of the link.
  static constexpr std::size_t part_bytes = 45'000;

  /// `say` takes `{type: "screenshot", id, part, parts, bytes, data}`, or `{…, id, error}`.
  Screenshots(EventLoop& loop, std::function<void(const Json&)> say);

  /// The newest asking counts: the parts of an earlier picture are not to be had any more.
  void ask(const AskScreenshot& asked);

 private:
  void take();
  void taken(Result<std::string> png);
  void say_part(std::size_t part);

  EventLoop& loop_;
  std::function<void(const Json&)> say_;
  std::int64_t id_ = 0;
  std::string png_;
  bool is_taking_ = false;
  bool is_stale_ = false;  ///< another was asked for while one was taken
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< read on the loop's thread
  std::jthread thread_;
};

/// What the X server of `DISPLAY` shows now, without the pointer, as PNG. Blocks.
[[nodiscard]] Result<std::string> picture_of_screen();

}  // namespace aerie::stream
