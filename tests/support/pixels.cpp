#include "tests/support/pixels.hpp"

#include <algorithm>
#include <cstdlib>
#include <png.h>

namespace aerie::test {

namespace {

Cause not_a_picture(const char* reason) {
  return {CauseKind::image_corrupt,
          std::string("The bytes are no PNG: ") + reason,
          "Look at where the picture came from.",
          {}};
}

}  // namespace

bool is_near(const Colour& left, const Colour& right, int tolerance) {
  return std::abs(left.red - right.red) <= tolerance &&
         std::abs(left.green - right.green) <= tolerance &&
         std::abs(left.blue - right.blue) <= tolerance;
}

Result<Picture> Picture::from_png(std::string_view bytes) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) == 0)
    return tl::unexpected(not_a_picture(image.message));
  image.format = PNG_FORMAT_RGB;
  Picture picture;
  picture.width_ = static_cast<int>(image.width);
  picture.height_ = static_cast<int>(image.height);
  picture.channels_.resize(PNG_IMAGE_SIZE(image));
  if (png_image_finish_read(&image, nullptr, picture.channels_.data(), 0, nullptr) == 0)
    return tl::unexpected(not_a_picture(image.message));
  return picture;
}

Colour Picture::at(int x, int y) const {
  const auto column = static_cast<std::size_t>(std::clamp(x, 0, width_ - 1));
  const auto row = static_cast<std::size_t>(std::clamp(y, 0, height_ - 1));
  const auto* pixel = &channels_[(row * static_cast<std::size_t>(width_) + column) * 3];
  return {pixel[0], pixel[1], pixel[2]};
}

double Picture::share_of(const Colour& colour, int tolerance) const {
  std::size_t matching = 0;
  for (std::size_t i = 0; i + 2 < channels_.size(); i += 3)
    if (is_near({channels_[i], channels_[i + 1], channels_[i + 2]}, colour, tolerance)) ++matching;
  return channels_.empty()
             ? 0.0
             : static_cast<double>(matching) / (static_cast<double>(channels_.size()) / 3.0);
}

}  // namespace aerie::test
