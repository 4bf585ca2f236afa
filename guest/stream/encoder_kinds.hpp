#pragma once

#include <span>
#include <string>

#include "guest/stream/control_messages.hpp"
#include "guest/stream/gst_ptr.hpp"
#include "guest/stream/rate_plan.hpp"

namespace aerie::stream {

/// What an encoder is built for; the pictures themselves may have another size later.
struct VideoFormat {
  int width = 0;
  int height = 0;
  int fps = 0;
};

/// Bits a second: a quarter of a bit for every pixel, between 1 and 12 Mbit/s.
[[nodiscard]] int bitrate_of(const VideoFormat& format);

/// One way to encode: an element of GStreamer and how it is used.
struct EncoderKind {
  const char* element;  ///< GStreamer's name of it
  Codec codec{};
  /// A machine's own, which may be installed and fail all the same: tried before it is used.
  bool is_hardware = false;
  /// From raw I420 pictures to access units, in gst_parse_launch's notation; the element is named
  /// `encoder`.
  std::string (*description)(const VideoFormat&) = nullptr;
  /// The most it makes from now on.
  void (*set_rate)(GstElement* encoder, const EncoderRate&) = nullptr;
  /// Until the next `set_rate` a picture that is the same again gets no bits: encoders find
  /// something to change in it for ever. Null: this one can't be told.
  void (*spare)(GstElement* encoder) = nullptr;
};

/// All that are known, the better ones of a codec first: hardware (VA-API by its newer and its
/// older plug-in, NVENC), then software.
[[nodiscard]] std::span<const EncoderKind> encoder_kinds();

}  // namespace aerie::stream
