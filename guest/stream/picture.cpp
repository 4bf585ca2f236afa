#include "guest/stream/picture.hpp"

#include <algorithm>
#include <libyuv/convert.h>

namespace aerie::stream {
namespace {

constexpr int mark_radius = 7;
constexpr int mark_middle = 10;  ///< pixels below the upper edge

struct Colour {
  std::uint8_t y;
  std::uint8_t u;
  std::uint8_t v;
};
constexpr Colour red{81, 90, 240};  // BT.601, limited range
constexpr Colour white{235, 128, 128};

/// A red disc within a white ring, so that it shows on any ground.
void draw_mark(GstBuffer* frame, const GstVideoInfo& info) {
  GstMapInfo map;
  if (gst_buffer_map(frame, &map, GST_MAP_READWRITE) == FALSE) return;
  const auto at = [&](unsigned plane, int x, int y) -> std::uint8_t& {
    return map.data[info.offset[plane] +
                    static_cast<std::size_t>(y) * static_cast<std::size_t>(info.stride[plane]) +
                    static_cast<std::size_t>(x)];
  };
  const int middle = (info.width / 2) & ~1;
  const int reach = mark_radius + 2;
  for (int y = std::max(mark_middle - reach, 0);
       y <= std::min(mark_middle + reach, info.height - 1); ++y)
    for (int x = std::max(middle - reach, 0); x <= std::min(middle + reach, info.width - 1); ++x) {
      const int away = (x - middle) * (x - middle) + (y - mark_middle) * (y - mark_middle);
      if (away > reach * reach) continue;
      const auto& colour = away <= mark_radius * mark_radius ? red : white;
      at(0, x, y) = colour.y;
      at(1, x / 2, y / 2) = colour.u;
      at(2, x / 2, y / 2) = colour.v;
    }
  gst_buffer_unmap(frame, &map);
}

}  // namespace

Rectangle even_rectangle(Rectangle rectangle, int width, int height) {
  const int left = std::max(rectangle.x, 0) & ~1;
  const int top = std::max(rectangle.y, 0) & ~1;
  const int right = std::min((rectangle.x + rectangle.width + 1) & ~1, width & ~1);
  const int bottom = std::min((rectangle.y + rectangle.height + 1) & ~1, height & ~1);
  return {left, top, std::max(right - left, 0), std::max(bottom - top, 0)};
}

std::vector<Rectangle> areas_to_read(const std::vector<Rectangle>& damaged, int width, int height) {
  constexpr std::size_t most = 8;
  std::vector<Rectangle> areas;
  int left = width, top = height, right = 0, bottom = 0;
  std::int64_t sum = 0;
  for (const auto& rectangle : damaged) {
    const auto area = even_rectangle(rectangle, width, height);
    if (area.width == 0 || area.height == 0) continue;
    areas.push_back(area);
    sum += std::int64_t{area.width} * area.height;
    left = std::min(left, area.x);
    top = std::min(top, area.y);
    right = std::max(right, area.x + area.width);
    bottom = std::max(bottom, area.y + area.height);
  }
  if (areas.size() <= 1) return areas;
  const Rectangle around{left, top, right - left, bottom - top};
  const bool nearly_fill = sum * 4 > std::int64_t{around.width} * around.height * 3;
  if (areas.size() > most || nearly_fill) return {around};
  return areas;
}

Picture::Picture(int width, int height, int frames_per_second)
    : width_(width & ~1), height_(height & ~1), pool_(width_, height_, frames_per_second) {
  planes_.resize(pool_.info().size);
}

void Picture::update(const std::uint8_t* pixels, const Rectangle& where) {
  const auto& info = pool_.info();
  const auto plane = [&](unsigned index, int divisor) {
    return planes_.data() + info.offset[index] +
           static_cast<std::size_t>(where.y / divisor) *
               static_cast<std::size_t>(info.stride[index]) +
           where.x / divisor;
  };
  libyuv::ARGBToI420(pixels, where.width * 4, plane(0, 1), info.stride[0], plane(1, 2),
                     info.stride[1], plane(2, 2), info.stride[2], where.width, where.height);
}

GstPtr<GstSample> Picture::frame(GstClockTime timestamp) {
  const auto buffer = pool_.take();
  if (!buffer) return {};
  gst_buffer_fill(buffer.get(), 0, planes_.data(), planes_.size());
  if (is_marked_) draw_mark(buffer.get(), pool_.info());
  GST_BUFFER_PTS(buffer.get()) = timestamp;
  return GstPtr<GstSample>{gst_sample_new(buffer.get(), pool_.caps(), nullptr, nullptr)};
}

}  // namespace aerie::stream
