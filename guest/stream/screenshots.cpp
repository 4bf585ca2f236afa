#include "guest/stream/screenshots.hpp"

#include <glib.h>
#include <png.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "guest/stream/gst_ptr.hpp"
#include "guest/stream/x_connection.hpp"

namespace aerie::stream {
namespace {

constexpr int low_priority = 10;

Cause no_picture(const std::string& why) {
  return {CauseKind::not_ready,
          "No picture of the screen could be taken: " + why + ".",
          "Look at the display's log; ask again.",
          {}};
}

/// Rows of RGB from rows of BGRx.
std::vector<std::uint8_t> rgb_of(const std::uint8_t* bgrx, std::size_t pixels) {
  std::vector<std::uint8_t> rgb;
  rgb.reserve(pixels * 3);
  for (std::size_t i = 0; i < pixels; ++i)
    for (const std::size_t channel : {2U, 1U, 0U})
      rgb.push_back(bgrx[i * 4 + channel]);
  return rgb;
}

Result<std::string> encode(int width, int height, const std::vector<std::uint8_t>& rgb) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGB;
  image.flags = PNG_IMAGE_FLAG_FAST;
  std::string png(PNG_IMAGE_PNG_SIZE_MAX(image), '\0');
  png_alloc_size_t size = png.size();
  if (!png_image_write_to_memory(&image, png.data(), &size, 0, rgb.data(), 0, nullptr))
    return tl::unexpected(no_picture(image.message));
  png.resize(size);
  return png;
}

}  // namespace

Result<std::string> picture_of_screen() {
  auto x = XConnection::open();
  if (!x) return tl::unexpected(x.error());
  const XcbPtr<xcb_get_geometry_reply_t> size{
      xcb_get_geometry_reply(x->get(), xcb_get_geometry(x->get(), x->root()), nullptr)};
  if (!size) return tl::unexpected(display_lost());
  constexpr std::uint32_t all_planes = ~0U;
  const XcbPtr<xcb_get_image_reply_t> image{
      xcb_get_image_reply(x->get(),
                          xcb_get_image(x->get(), XCB_IMAGE_FORMAT_Z_PIXMAP, x->root(), 0, 0,
                                        size->width, size->height, all_planes),
                          nullptr)};
  const auto pixels = std::size_t{size->width} * size->height;
  if (!image || static_cast<std::size_t>(xcb_get_image_data_length(image.get())) < pixels * 4)
    return tl::unexpected(no_picture("its size changed meanwhile, or its pixels are not 32 bits"));
  return encode(size->width, size->height, rgb_of(xcb_get_image_data(image.get()), pixels));
}

Screenshots::Screenshots(EventLoop& loop, std::function<void(const Json&)> say)
    : loop_(loop), say_(std::move(say)) {}

void Screenshots::ask(const AskScreenshot& asked) {
  if (asked.part > 0) {
    if (asked.id == id_ && !is_taking_) say_part(asked.part);
    return;
  }
  id_ = asked.id;
  png_.clear();
  is_stale_ = is_taking_;
  if (!is_taking_) take();
}

void Screenshots::take() {
  is_taking_ = true;
  thread_ = std::jthread([this, alive = std::weak_ptr<bool>{alive_}] {
    // Of this thread alone (setpriority(2), NOTES); without it pictures are only less polite.
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), low_priority);
    auto png = std::make_shared<Result<std::string>>(picture_of_screen());
    loop_.post([this, alive, png] {
      if (!alive.expired()) taken(std::move(*png));
    });
  });
}

void Screenshots::taken(Result<std::string> png) {
  is_taking_ = false;
  if (std::exchange(is_stale_, false)) return take();
  if (!png) return say_({{"type", "screenshot"}, {"id", id_}, {"error", png.error().message}});
  png_ = std::move(*png);
  say_part(0);
}

void Screenshots::say_part(std::size_t part) {
  const auto parts = (png_.size() + part_bytes - 1) / part_bytes;
  if (part >= parts) return;
  const auto piece = png_.substr(part * part_bytes, part_bytes);
  const GstPtr<gchar> data{
      g_base64_encode(reinterpret_cast<const guchar*>(piece.data()), piece.size())};
  say_({{"type", "screenshot"},
        {"id", id_},
        {"part", part},
        {"parts", parts},
        {"bytes", png_.size()},
        {"data", data.get()}});
  if (part + 1 == parts) png_ = {};
}

}  // namespace aerie::stream
