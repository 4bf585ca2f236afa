#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>
#include <xcb/damage.h>
#include <xcb/shm.h>

#include "guest/stream/picture.hpp"
#include "guest/stream/x_connection.hpp"
#include "messages/cause.hpp"

namespace aerie::stream {

/// Anonymous memory that this process and the X server share.
class SharedMemory {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SharedMemory>> create(XConnection& x,
                                                                    std::size_t bytes);
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory();

  [[nodiscard]] xcb_shm_seg_t segment() const { return segment_; }
  [[nodiscard]] const std::uint8_t* data() const { return data_; }

 private:
  SharedMemory(XConnection& x, xcb_shm_seg_t segment, std::uint8_t* data, std::size_t bytes)
      : x_(x), segment_(segment), data_(data), bytes_(bytes) {}

  XConnection& x_;
  xcb_shm_seg_t segment_;
  std::uint8_t* data_;
  std::size_t bytes_;
};

/// Reads the screen: knows what changed (XDamage on the root window) and brings the `Picture` up to
/// date with it (MIT-SHM). The pointer is no part of what X gives here. Used by one thread.
class ScreenReader {
 public:
  [[nodiscard]] static Result<std::unique_ptr<ScreenReader>> open(int frames_per_second);
  ~ScreenReader();

  [[nodiscard]] int descriptor() const { return x_.descriptor(); }
  [[nodiscard]] Picture& picture() { return *picture_; }
  [[nodiscard]] int screen_width() const { return width_; }
  [[nodiscard]] int screen_height() const { return height_; }

  /// Begins or ends watching for changes. Begun, the whole screen counts as changed.
  void watch(bool on);

  struct News {
    bool damaged = false;
    bool resized = false;
  };
  /// Takes the events that wait, without blocking; empty: the X server is gone.
  [[nodiscard]] std::optional<News> take_events();

  /// Converts what changed since the last call. False: the X server is gone.
  [[nodiscard]] bool refresh();

 private:
  explicit ScreenReader(XConnection x) : x_(std::move(x)) {}
  [[nodiscard]] std::optional<Cause> prepare();
  [[nodiscard]] std::optional<Cause> resize(int width, int height);
  [[nodiscard]] std::vector<Rectangle> take_damage();
  [[nodiscard]] bool read(const std::vector<Rectangle>& areas);
  [[nodiscard]] xcb_shm_get_image_cookie_t ask(const Rectangle& where, std::size_t offset);

  XConnection x_;
  int frames_per_second_ = 0;
  int width_ = 0;
  int height_ = 0;
  std::uint8_t damage_event_ = 0;
  xcb_damage_damage_t damage_ = XCB_NONE;
  std::uint32_t region_ = XCB_NONE;
  bool everything_ = false;
  std::unique_ptr<SharedMemory> memory_;
  std::unique_ptr<Picture> picture_;
};

}  // namespace aerie::stream
