#include "guest/stream/picture_pool.hpp"

namespace aerie::stream {

PicturePool::PicturePool(int width, int height, int frames_per_second) {
  gst_video_info_set_format(&info_, GST_VIDEO_FORMAT_I420, static_cast<guint>(width),
                            static_cast<guint>(height));
  info_.fps_n = frames_per_second;
  info_.fps_d = 1;
  gst_video_colorimetry_from_string(&info_.colorimetry, GST_VIDEO_COLORIMETRY_BT601);
  caps_ = GstPtr<GstCaps>{gst_video_info_to_caps(&info_)};
  pool_.reset(gst_video_buffer_pool_new());
  GstStructure* config = gst_buffer_pool_get_config(pool_.get());
  gst_buffer_pool_config_set_params(config, caps_.get(), static_cast<guint>(info_.size), 0, 0);
  gst_buffer_pool_set_config(pool_.get(), config);
  gst_buffer_pool_set_active(pool_.get(), TRUE);
}

GstPtr<GstBuffer> PicturePool::take() {
  GstBuffer* taken = nullptr;
  if (gst_buffer_pool_acquire_buffer(pool_.get(), &taken, nullptr) != GST_FLOW_OK) return {};
  return GstPtr<GstBuffer>{taken};
}

}  // namespace aerie::stream
