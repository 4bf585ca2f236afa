#include "benchmarks/stream/scene_window.hpp"

#include <algorithm>
#include <array>
#include <libyuv/compare.h>
#include <libyuv/convert.h>
#include <stdexcept>

#include "benchmarks/stream/display.hpp"

namespace aerie::bench {
namespace {

constexpr int width = Display::width;
constexpr int height = Display::height;
constexpr std::size_t luma_bytes = std::size_t{width} * height;
constexpr int font_ascent = 11;
constexpr std::uint32_t black = 0x000000;
constexpr std::uint32_t white = 0xFFFFFF;

stream::XConnection connection() {
  auto x = stream::XConnection::open();
  if (!x) throw std::runtime_error(x.error().message);
  return std::move(*x);
}

std::int16_t coordinate(int value) {
  return static_cast<std::int16_t>(value);
}
std::uint16_t extent(int value) {
  return static_cast<std::uint16_t>(value);
}

struct Planes {
  const std::uint8_t* y;
  const std::uint8_t* u;
  const std::uint8_t* v;
};
Planes planes_of(const std::vector<std::uint8_t>& picture) {
  if (picture.size() != luma_bytes * 3 / 2) throw std::runtime_error("a picture of another size");
  return {picture.data(), picture.data() + luma_bytes, picture.data() + luma_bytes * 5 / 4};
}

}  // namespace

SceneWindow::SceneWindow() : x_(connection()) {
  window_ = xcb_generate_id(x_.get());
  const std::array<std::uint32_t, 2> values{white, 1};
  xcb_create_window(x_.get(), XCB_COPY_FROM_PARENT, window_, x_.root(), 0, 0, width, height, 0,
                    XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
                    XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT, values.data());
  xcb_map_window(x_.get(), window_);
  drawn_ = xcb_generate_id(x_.get());
  xcb_create_pixmap(x_.get(), x_.screen().root_depth, drawn_, window_, width, height);
  const auto font = xcb_generate_id(x_.get());
  constexpr std::string_view name = "fixed";
  xcb_open_font(x_.get(), font, name.size(), name.data());
  brush_ = xcb_generate_id(x_.get());
  const std::array<std::uint32_t, 2> settings{font, 0};
  xcb_create_gc(x_.get(), brush_, window_, XCB_GC_FONT | XCB_GC_GRAPHICS_EXPOSURES,
                settings.data());
  // Some streamers draw the pointer into the picture, which is not to count.
  xcb_warp_pointer(x_.get(), XCB_NONE, x_.root(), 0, 0, 0, 0, width - 1, height - 1);
  fill({0, 0, width, height}, white);
}

void SceneWindow::set_colours(std::uint32_t foreground, std::uint32_t background) {
  const std::array<std::uint32_t, 2> colours{foreground, background};
  xcb_change_gc(x_.get(), brush_, XCB_GC_FOREGROUND | XCB_GC_BACKGROUND, colours.data());
}

void SceneWindow::fill(const stream::Rectangle& where, std::uint32_t rgb) {
  set_colours(rgb, rgb);
  const xcb_rectangle_t rectangle{coordinate(where.x), coordinate(where.y), extent(where.width),
                                  extent(where.height)};
  xcb_poly_fill_rectangle(x_.get(), drawn_, brush_, 1, &rectangle);
}

void SceneWindow::write(int x, int y, const std::string& text) {
  constexpr std::size_t longest = 255;  // of one request
  set_colours(black, white);
  xcb_image_text_8(x_.get(), static_cast<std::uint8_t>(std::min(text.size(), longest)), drawn_,
                   brush_, coordinate(x), coordinate(y + font_ascent), text.data());
}

void SceneWindow::scroll(int pixels) {
  xcb_copy_area(x_.get(), drawn_, drawn_, brush_, 0, coordinate(pixels), 0, 0, width,
                extent(height - pixels));
  fill({0, height - pixels, width, pixels}, white);
}

xcb_pixmap_t SceneWindow::keep(const std::vector<std::uint32_t>& pixels, int picture_width,
                               int picture_height) {
  const auto kept = xcb_generate_id(x_.get());
  xcb_create_pixmap(x_.get(), x_.screen().root_depth, kept, window_, extent(picture_width),
                    extent(picture_height));
  xcb_put_image(x_.get(), XCB_IMAGE_FORMAT_Z_PIXMAP, kept, brush_, extent(picture_width),
                extent(picture_height), 0, 0, 0, x_.screen().root_depth,
                static_cast<std::uint32_t>(pixels.size() * sizeof pixels.front()),
                reinterpret_cast<const std::uint8_t*>(pixels.data()));
  x_.flush();
  return kept;
}

void SceneWindow::draw(xcb_pixmap_t picture, const stream::Rectangle& where) {
  xcb_copy_area(x_.get(), picture, drawn_, brush_, 0, 0, coordinate(where.x), coordinate(where.y),
                extent(where.width), extent(where.height));
}

void SceneWindow::write_number(int x, int y, int number) {
  constexpr int bits = 16;
  constexpr int side = 16;
  fill({x, y, bits * side, side}, black);
  for (int bit = 0; bit < bits; ++bit)
    if ((static_cast<unsigned>(number) >> static_cast<unsigned>(bit) & 1U) != 0)
      fill({x + bit * side, y, side, side}, white);
}

void SceneWindow::show(const stream::Rectangle& where) {
  xcb_copy_area(x_.get(), drawn_, window_, brush_, coordinate(where.x), coordinate(where.y),
                coordinate(where.x), coordinate(where.y), extent(where.width),
                extent(where.height));
  x_.flush();
}

std::vector<std::uint8_t> SceneWindow::picture() {
  const stream::XcbPtr<xcb_get_image_reply_t> image{
      xcb_get_image_reply(x_.get(),
                          xcb_get_image(x_.get(), XCB_IMAGE_FORMAT_Z_PIXMAP, drawn_, 0, 0, width,
                                        height, ~std::uint32_t{0}),
                          nullptr)};
  if (!image) throw std::runtime_error("the X server gives no image");
  std::vector<std::uint8_t> i420(luma_bytes * 3 / 2);
  libyuv::ARGBToI420(xcb_get_image_data(image.get()), width * 4, i420.data(), width,
                     i420.data() + luma_bytes, width / 2, i420.data() + luma_bytes * 5 / 4,
                     width / 2, width, height);
  return i420;
}

double similarity(const std::vector<std::uint8_t>& one, const std::vector<std::uint8_t>& other) {
  const auto a = planes_of(one);
  const auto b = planes_of(other);
  return libyuv::I420Ssim(a.y, width, a.u, width / 2, a.v, width / 2, b.y, width, b.u, width / 2,
                          b.v, width / 2, width, height);
}

}  // namespace aerie::bench
