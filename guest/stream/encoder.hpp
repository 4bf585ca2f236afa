#pragma once

#include <functional>
#include <gst/app/gstappsink.h>
#include <memory>

#include "guest/stream/control_messages.hpp"
#include "guest/stream/encode_meter.hpp"
#include "guest/stream/gst_ptr.hpp"
#include "guest/stream/media_clock.hpp"
#include "guest/stream/pipeline.hpp"
#include "messages/cause.hpp"

namespace aerie::stream {

/// What an encoder is built for; the pictures themselves may have another size later.
struct VideoFormat {
  int width = 0;
  int height = 0;
  int fps = 0;
};

/// Bits a second: a quarter of a bit for every pixel, between 1 and 12 Mbit/s.
[[nodiscard]] int bitrate_of(const VideoFormat& format);

/// An access unit as an encoder gave it, stamped with its running time: x264enc shifts its
/// timestamps and its segment by 1,000 hours, and peers' pipelines have segments of their own. Its
/// caps name no level: browsers offer 3.1 whatever they can decode, and the payloader would refuse
/// a larger one.
[[nodiscard]] GstPtr<GstSample> in_running_time(GstSample* unit);

/// One encoder as a pipeline of its own: pictures in, access units out. Key frames only on request.
/// A picture that comes while another still waits replaces it.
class Encoder {
 public:
  struct Events {
    /// An access unit with its caps; on the encoder's thread.
    std::function<void(GstSample*)> unit;
    /// The encoder broke; on one of its threads. It gives nothing more.
    std::function<void(Cause)> failed;
  };

  [[nodiscard]] static Result<std::unique_ptr<Encoder>> create(Codec codec,
                                                               const VideoFormat& format,
                                                               const MediaClock& clock,
                                                               Events events);
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;
  ~Encoder();

  /// Any thread; never blocks.
  void push(GstSample* picture);
  /// The next picture becomes a key frame. Any thread.
  void request_key();
  /// The most it makes, in bits a second at the format's frame rate. Any thread.
  void set_bitrate(int bits_per_second);
  /// What it did since the last time. Any thread.
  [[nodiscard]] EncodeMeter::Figures take_figures() { return meter_.take(); }

 private:
  static GstFlowReturn take_unit(GstAppSink* sink, gpointer encoder);
  static GstPadProbeReturn on_picture(GstPad*, GstPadProbeInfo* info, gpointer encoder);
  Encoder(Codec codec, Pipeline pipeline, Events events);

  Codec codec_;
  Events events_;
  EncodeMeter meter_;
  Pipeline pipeline_;
  GstPtr<GstElement> source_;
  GstPtr<GstElement> encoder_;
};

}  // namespace aerie::stream
