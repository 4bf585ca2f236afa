#include "guest/stream/cursor.hpp"

#include <algorithm>
#include <glib.h>
#include <png.h>
#include <vector>
#include <xcb/xfixes.h>

#include "guest/stream/gst_ptr.hpp"

namespace aerie::stream {
namespace {

constexpr std::size_t most_png_bytes = 36 * 1024;  // 48 KiB in base64
constexpr std::size_t most_known = 256;
constexpr int largest_side = 512;

/// Straight RGBA from X's premultiplied ARGB.
std::vector<std::uint8_t> straight(const std::uint32_t* argb, std::size_t count) {
  std::vector<std::uint8_t> rgba;
  rgba.reserve(count * 4);
  for (std::size_t i = 0; i < count; ++i) {
    const auto alpha = argb[i] >> 24U;
    for (const unsigned shift : {16U, 8U, 0U}) {
      const auto value = (argb[i] >> shift) & 0xFFU;
      rgba.push_back(
          static_cast<std::uint8_t>(alpha == 0 ? 0 : std::min(value * 255U / alpha, 255U)));
    }
    rgba.push_back(static_cast<std::uint8_t>(alpha));
  }
  return rgba;
}

/// PNG in base64; empty when it is too large.
std::string encode_png(int width, int height, const std::vector<std::uint8_t>& rgba) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGBA;
  std::vector<std::uint8_t> png(most_png_bytes);
  png_alloc_size_t size = png.size();
  if (!png_image_write_to_memory(&image, png.data(), &size, 0, rgba.data(), 0, nullptr)) return {};
  const GstPtr<gchar> text{g_base64_encode(png.data(), size)};
  return text.get();
}

}  // namespace

std::optional<CursorShape> make_cursor_shape(std::uint32_t id, int width, int height,
                                             const std::uint32_t* argb) {
  if (width < 0 || height < 0 || width > largest_side || height > largest_side) return std::nullopt;
  CursorShape shape{id, false, 0, 0, width, height, {}};
  const auto count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  shape.hidden = std::all_of(argb, argb + count, [](auto pixel) { return pixel >> 24U == 0; });
  if (shape.hidden) return shape;
  shape.png = encode_png(width, height, straight(argb, count));
  if (shape.png.empty()) return std::nullopt;
  return shape;
}

CursorWatch::CursorWatch(XConnection& x) : x_(x) {
  xcb_xfixes_select_cursor_input(x_.get(), x_.root(), XCB_XFIXES_CURSOR_NOTIFY_MASK_DISPLAY_CURSOR);
  refresh();
}

bool CursorWatch::refresh() {
  const XcbPtr<xcb_xfixes_get_cursor_image_reply_t> image{
      xcb_xfixes_get_cursor_image_reply(x_.get(), xcb_xfixes_get_cursor_image(x_.get()), nullptr)};
  if (!image) return false;
  auto shape = make_cursor_shape(image->cursor_serial, image->width, image->height,
                                 xcb_xfixes_get_cursor_image_cursor_image(image.get()));
  if (!shape) return false;
  shape->hot_x = image->xhot;
  shape->hot_y = image->yhot;
  shape_ = std::move(shape);
  return true;
}

Json CursorCache::message_for(const CursorShape& shape) {
  if (shape.hidden) return {{"type", "cursor"}, {"hidden", true}};
  if (known_.contains(shape.id)) return {{"type", "cursor"}, {"id", shape.id}};
  if (known_.size() >= most_known) known_.clear();
  known_.insert(shape.id);
  return {{"type", "cursor"},    {"id", shape.id},       {"hotX", shape.hot_x},
          {"hotY", shape.hot_y}, {"width", shape.width}, {"height", shape.height},
          {"png", shape.png}};
}

}  // namespace aerie::stream
