#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <gst/app/gstappsink.h>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "guest/stream/audio_capture.hpp"
#include "guest/stream/gst_ptr.hpp"
#include "guest/stream/media_clock.hpp"
#include "guest/stream/pipeline.hpp"

namespace aerie::stream {

/// Samples in, Opus packets of 10 ms out: one encoder for all who listen. What is not given costs
/// nothing: between sounds no packet is made.
class AudioEncoder {
 public:
  struct Events {
    /// A packet with its caps, stamped with its running time; on the encoder's thread.
    std::function<void(GstSample*)> packet;
    /// It broke; on one of its threads. A clause.
    std::function<void(std::string)> failed;
  };

  /// `plugin-missing` names the element.
  [[nodiscard]] static Result<std::unique_ptr<AudioEncoder>> create(const MediaClock& clock,
                                                                    Events events);
  AudioEncoder(const AudioEncoder&) = delete;
  AudioEncoder& operator=(const AudioEncoder&) = delete;
  ~AudioEncoder();

  /// See `AudioCapture::Events::samples`. From one thread at a time; never blocks.
  void push(std::span<const std::int16_t> samples, bool is_first);

 private:
  AudioEncoder(const MediaClock& clock, Pipeline pipeline, Events events);
  void feed();
  [[nodiscard]] GstPtr<GstSample> stamped(GstSample* sample);
  static GstFlowReturn take_packet(GstAppSink* sink, gpointer encoder);

  const MediaClock& clock_;
  Events events_;
  Pipeline pipeline_;
  GstPtr<GstElement> source_;
  std::vector<std::int16_t> samples_;        ///< less than a packet's
  GstClockTime next_ = GST_CLOCK_TIME_NONE;  ///< running time of the first of them
  bool is_first_ = false;                    ///< nothing was given right before them
  GstClockTime fed_ = 0;                     ///< the encoder's own time, without pauses
  struct Stamp {
    GstClockTime time;
    bool is_first;
  };
  std::mutex mutex_;          ///< of the stamps
  std::deque<Stamp> stamps_;  ///< of packets that are being encoded
};

}  // namespace aerie::stream
