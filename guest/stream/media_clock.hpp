#pragma once

#include "guest/stream/gst_ptr.hpp"

namespace aerie::stream {

/// One clock and one base time for every pipeline of the process, so that a timestamp made by the
/// capture means the same in an encoder and in each peer.
class MediaClock {
 public:
  MediaClock() : clock_(gst_system_clock_obtain()), base_(gst_clock_get_time(clock_.get())) {}

  /// Nanoseconds since the streamer began.
  [[nodiscard]] GstClockTime now() const { return gst_clock_get_time(clock_.get()) - base_; }

  void drive(GstElement* pipeline) const {
    gst_pipeline_use_clock(GST_PIPELINE(pipeline), clock_.get());
    gst_element_set_start_time(pipeline, GST_CLOCK_TIME_NONE);  // keeps the base time as it is set
    gst_element_set_base_time(pipeline, base_);
  }

 private:
  GstPtr<GstClock> clock_;
  GstClockTime base_;
};

}  // namespace aerie::stream
