#pragma once

#include <functional>
#include <gst/app/gstappsink.h>
#include <memory>
#include <mutex>

#include "guest/stream/encode_meter.hpp"
#include "guest/stream/encoder_kinds.hpp"
#include "guest/stream/gst_ptr.hpp"
#include "guest/stream/media_clock.hpp"
#include "guest/stream/picture.hpp"
#include "guest/stream/pipeline.hpp"
#include "messages/cause.hpp"

namespace aerie::stream {

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

  /// `kind` outlives it.
  [[nodiscard]] static Result<std::unique_ptr<Encoder>> create(const EncoderKind& kind,
                                                               const VideoFormat& format,
                                                               const MediaClock& clock,
                                                               Events events);
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;
  ~Encoder();

  /// Any thread. One that only keeps the stream alive gets next to no bits; from and to such a one
  /// it may wait for the picture that is being encoded.
  void push(GstSample* picture, PictureUse use);
  /// The next picture becomes a key frame. Any thread.
  void request_key();
  /// The most it makes. Any thread.
  void set_rate(const EncoderRate& rate);
  /// What it did since the last time. Any thread.
  [[nodiscard]] EncodeMeter::Figures take_figures() { return meter_.take(); }

 private:
  static GstFlowReturn take_unit(GstAppSink* sink, gpointer encoder);
  static GstPadProbeReturn on_picture(GstPad*, GstPadProbeInfo* info, gpointer encoder);
  Encoder(const EncoderKind& kind, const EncoderRate& rate, Pipeline pipeline, Events events);
  void spare(bool on);

  const EncoderKind& kind_;
  Events events_;
  EncodeMeter meter_;
  Pipeline pipeline_;
  GstPtr<GstElement> source_;
  GstPtr<GstElement> encoder_;
  std::mutex mutex_;
  EncoderRate rate_;
  bool is_sparing_ = false;
};

}  // namespace aerie::stream
