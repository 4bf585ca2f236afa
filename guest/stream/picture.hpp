#pragma once

#include <cstdint>
#include <gst/video/video.h>
#include <vector>

#include "guest/stream/gst_ptr.hpp"
#include "guest/stream/picture_pool.hpp"

namespace aerie::stream {

struct Rectangle {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
  friend bool operator==(const Rectangle&, const Rectangle&) = default;
};

/// Grows a rectangle to even edges (I420 has one colour sample for 2x2 pixels) and cuts it to
/// `width` x `height`; the result has no area when nothing is left.
[[nodiscard]] Rectangle even_rectangle(Rectangle rectangle, int width, int height);

/// What is read of a `width` x `height` screen where `damaged` changed: each rectangle by itself,
/// or the one around them where they are many or nearly fill it, for every reading costs something
/// too. All have even edges and an area.
[[nodiscard]] std::vector<Rectangle> areas_to_read(const std::vector<Rectangle>& damaged, int width,
                                                   int height);

/// What a frame is made for.
enum class PictureUse {
  change,      ///< the screen is another
  repeat,      ///< to sharpen it, or because somebody asked
  keep_alive,  ///< the same again, only so that something comes
};

/// The last picture of the screen in I420 (BT.601, limited range), kept so that only what changed
/// is converted. The size is the screen's, rounded down to even numbers.
class Picture {
 public:
  Picture(int width, int height, int frames_per_second);

  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] int height() const { return height_; }
  [[nodiscard]] GstCaps* caps() const { return pool_.caps(); }

  /// Converts `pixels`, rows of BGRx that cover just `where` (even edges, within the picture).
  void update(const std::uint8_t* pixels, const Rectangle& where);

  /// Whether frames bear the mark of a recording: a red dot at the middle of the upper edge.
  void set_marked(bool is_marked) { is_marked_ = is_marked; }

  /// A frame for encoders: a copy of the picture, stamped with `timestamp`.
  [[nodiscard]] GstPtr<GstSample> frame(GstClockTime timestamp);

 private:
  int width_;
  int height_;
  PicturePool pool_;
  std::vector<std::uint8_t> planes_;
  bool is_marked_ = false;
};

}  // namespace aerie::stream
