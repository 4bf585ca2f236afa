#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "messages/cause.hpp"

namespace aerie::test {

struct Colour {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;

  friend bool operator==(const Colour&, const Colour&) = default;
};

/// True where every channel differs by at most `tolerance`: video is lossy and converts colours.
[[nodiscard]] bool is_near(const Colour& left, const Colour& right, int tolerance = 24);

/// A decoded picture, eight bits a channel.
class Picture {
 public:
  /// Decodes a PNG; `image-corrupt` where it is none.
  [[nodiscard]] static Result<Picture> from_png(std::string_view bytes);

  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] int height() const { return height_; }

  /// The colour at a point; points outside are clamped to the edge.
  [[nodiscard]] Colour at(int x, int y) const;

  /// How much of the picture, 0 to 1, is near a colour.
  [[nodiscard]] double share_of(const Colour& colour, int tolerance = 24) const;

 private:
  int width_ = 0;
  int height_ = 0;
  std::vector<std::uint8_t> channels_;
};

}  // namespace aerie::test
