#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "guest/stream/picture.hpp"
#include "guest/stream/x_connection.hpp"

namespace aerie::bench {

/// A program that fills the screen with numbered pictures: drawn unseen, then shown by one request,
/// so that nobody captures half of one.
class SceneWindow {
 public:
  SceneWindow();
  SceneWindow(const SceneWindow&) = delete;
  SceneWindow& operator=(const SceneWindow&) = delete;

  /// Height and width of a character, pixels.
  static constexpr int line_height = 14;
  static constexpr int character_width = 6;

  void fill(const stream::Rectangle& where, std::uint32_t rgb);
  /// Black on white, its upper left corner at (`x`, `y`).
  void write(int x, int y, const std::string& text);
  /// Moves the whole picture up.
  void scroll(int pixels);
  /// Keeps a picture of BGRx pixels in the server, to be drawn later.
  [[nodiscard]] xcb_pixmap_t keep(const std::vector<std::uint32_t>& pixels, int width, int height);
  void draw(xcb_pixmap_t picture, const stream::Rectangle& where);
  /// 16 squares of 16 pixels, a bit each, from (`x`, `y`) to the right; the lowest bit first.
  void write_number(int x, int y, int number);

  /// Shows what was drawn there.
  void show(const stream::Rectangle& where);
  /// The picture as it is drawn now, as I420 like a streamer's.
  [[nodiscard]] std::vector<std::uint8_t> picture();

 private:
  void set_colours(std::uint32_t foreground, std::uint32_t background);

  stream::XConnection x_;
  xcb_window_t window_;
  xcb_pixmap_t drawn_;
  xcb_gcontext_t brush_;
};

/// How alike two I420 pictures of the screen are: 1 for the same (SSIM as libyuv computes it).
[[nodiscard]] double similarity(const std::vector<std::uint8_t>& one,
                                const std::vector<std::uint8_t>& other);

}  // namespace aerie::bench
