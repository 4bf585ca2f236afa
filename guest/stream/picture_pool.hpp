#pragma once

#include <gst/video/video.h>
#include <memory>

#include "guest/stream/gst_ptr.hpp"

namespace aerie::stream {

/// Memory for frames of one size in I420 (BT.601, limited range), used again and again.
class PicturePool {
 public:
  /// Pixels; both even.
  PicturePool(int width, int height, int frames_per_second);

  [[nodiscard]] const GstVideoInfo& info() const { return info_; }
  [[nodiscard]] GstCaps* caps() const { return caps_.get(); }
  /// Memory for one frame; empty when there is none.
  [[nodiscard]] GstPtr<GstBuffer> take();

 private:
  struct PoolEnd {
    void operator()(GstBufferPool* pool) const {
      gst_buffer_pool_set_active(pool, FALSE);
      gst_object_unref(pool);
    }
  };
  GstVideoInfo info_{};
  GstPtr<GstCaps> caps_;
  std::unique_ptr<GstBufferPool, PoolEnd> pool_;
};

}  // namespace aerie::stream
