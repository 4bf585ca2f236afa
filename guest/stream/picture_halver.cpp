#include "guest/stream/picture_halver.hpp"

#include <libyuv/scale.h>

namespace aerie::stream {
namespace {

/// A frame's planes, for as long as it lives.
class MappedFrame {
 public:
  MappedFrame(const GstVideoInfo& info, GstBuffer* buffer, GstMapFlags flags)
      : is_mapped_(gst_video_frame_map(&frame_, &info, buffer, flags) == TRUE) {}
  MappedFrame(const MappedFrame&) = delete;
  MappedFrame& operator=(const MappedFrame&) = delete;
  ~MappedFrame() {
    if (is_mapped_) gst_video_frame_unmap(&frame_);
  }
  explicit operator bool() const { return is_mapped_; }
  [[nodiscard]] std::uint8_t* plane(guint index) {
    return static_cast<std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame_, index));
  }
  [[nodiscard]] int stride(guint index) { return GST_VIDEO_FRAME_PLANE_STRIDE(&frame_, index); }

 private:
  GstVideoFrame frame_{};
  bool is_mapped_;
};

}  // namespace

GstPtr<GstSample> PictureHalver::half_of(GstSample* picture) {
  GstVideoInfo whole{};
  if (gst_video_info_from_caps(&whole, gst_sample_get_caps(picture)) == FALSE) return {};
  const int width = (whole.width / 2) & ~1;
  const int height = (whole.height / 2) & ~1;
  if (width == 0 || height == 0) return {};
  if (!pool_ || pool_->info().width != width || pool_->info().height != height)
    pool_.emplace(width, height, whole.fps_n);
  auto buffer = pool_->take();
  if (!buffer) return {};
  {
    MappedFrame from{whole, gst_sample_get_buffer(picture), GST_MAP_READ};
    MappedFrame to{pool_->info(), buffer.get(), GST_MAP_WRITE};
    if (!from || !to) return {};
    libyuv::I420Scale(from.plane(0), from.stride(0), from.plane(1), from.stride(1), from.plane(2),
                      from.stride(2), whole.width, whole.height, to.plane(0), to.stride(0),
                      to.plane(1), to.stride(1), to.plane(2), to.stride(2), width, height,
                      libyuv::kFilterBox);
  }
  GST_BUFFER_PTS(buffer.get()) = GST_BUFFER_PTS(gst_sample_get_buffer(picture));
  return GstPtr<GstSample>{gst_sample_new(buffer.get(), pool_->caps(), nullptr, nullptr)};
}

}  // namespace aerie::stream
