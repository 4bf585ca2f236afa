#include "guest/stream/encoder_kinds.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <thread>

namespace aerie::stream {
namespace {

constexpr int vpx_least_quantizer = 4;
constexpr int vpx_most_quantizer = 52;
constexpr int most_threads = 4;  // one slice a thread: more slices cost bits
constexpr const char* baseline_units =
    " ! "
    "video/"
    "x-h264,profile=constrained-baseline,"
    "stream-format=byte-stream,alignment=au";

int cores() {
  return static_cast<int>(std::thread::hardware_concurrency());
}
int h264_threads() {
  return std::clamp(cores(), 1, most_threads);
}
/// libvpx' threads spin while they wait for each other. Measured on two busy cores, 1280x720: 3 ms
/// a frame with one thread, 100 ms with two; so half of the cores stay free of it.
int vpx_threads() {
  return std::clamp(cores() / 2, 1, most_threads);
}

std::string kbits_of(const VideoFormat& format) {
  return std::to_string(bitrate_of(format) / 1000);
}

std::string vpx_quantizers() {
  return " min-quantizer=" + std::to_string(vpx_least_quantizer) +
         " max-quantizer=" + std::to_string(vpx_most_quantizer);
}

/// Constant quality below a ceiling of the rate: what does not fit into it at once becomes sharp
/// with the repeats that follow, and those end (`FanOut::Events::settled`), which they would not
/// with a constant rate. Quantizers of 18 to 23 can't be told from the original on text.
std::string x264_description(const VideoFormat& format) {
  const int vbv_ms = std::max(1500 / format.fps, 10);  // one and a half frames
  return "x264enc name=encoder tune=zerolatency speed-preset=ultrafast "
         "sliced-threads=true "
         "threads=" +
         std::to_string(h264_threads()) +
         " pass=qual quantizer=22 qp-min=18 bitrate=" + kbits_of(format) +
         " vbv-buf-capacity=" + std::to_string(vbv_ms) +
         " key-int-max=2147483647 bframes=0 byte-stream=true aud=false"
         " option-string=\"scenecut=0:keyint=infinite\"" +
         baseline_units;
}

std::string vp8_description(const VideoFormat& format) {
  // A negative speed is fixed; a positive one lets libvpx search for it while frames wait.
  return "vp8enc name=encoder deadline=1 cpu-used=-8 lag-in-frames=0 threads=" +
         std::to_string(vpx_threads()) + " target-bitrate=" + std::to_string(bitrate_of(format)) +
         " end-usage=cbr buffer-size=150 buffer-initial-size=100 "
         "buffer-optimal-size=120"
         " undershoot=95 keyframe-mode=disabled keyframe-max-dist=2147483647"
         " error-resilient=0 static-threshold=20 token-partitions=1" +
         vpx_quantizers();
}

/// Real time is `cpu-used` from 5 on; 8 is the fastest that is still worth it against VP8.
std::string vp9_description(const VideoFormat& format) {
  return "vp9enc name=encoder deadline=1 cpu-used=8 lag-in-frames=0 row-mt=true threads=" +
         std::to_string(vpx_threads()) + " target-bitrate=" + std::to_string(bitrate_of(format)) +
         " end-usage=cbr buffer-size=150 buffer-initial-size=100 buffer-optimal-size=120"
         " undershoot=95 keyframe-mode=disabled keyframe-max-dist=2147483647"
         " error-resilient=0 static-threshold=20 aq-mode=cyclic-refresh" +
         vpx_quantizers();
}

/// The longest distance between key frames that these two take; 0 would be their own idea of it.
std::string va_description(const VideoFormat& format) {
  return "videoconvert ! vah264enc name=encoder rate-control=cbr "
         "target-usage=7 b-frames=0 "
         "ref-frames=1 key-int-max=1024 aud=false bitrate=" +
         kbits_of(format) + baseline_units;
}

std::string vaapi_description(const VideoFormat& format) {
  return "videoconvert ! vaapih264enc name=encoder rate-control=cbr "
         "quality-level=7 max-bframes=0 "
         "refs=1 keyframe-period=300 bitrate=" +
         kbits_of(format) + " ! h264parse" + baseline_units;
}

std::string nvenc_description(const VideoFormat& format) {
  return "videoconvert ! nvh264enc name=encoder preset=low-latency-hp "
         "rc-mode=cbr zerolatency=true "
         "bframes=0 gop-size=-1 aud=false bitrate=" +
         kbits_of(format) + " ! h264parse" + baseline_units;
}

/// x264 counts on the format's frame rate, whatever comes.
void set_x264_rate(GstElement* encoder, const EncoderRate& rate) {
  g_object_set(encoder, "bitrate", rate.bitrate_of_all / 1000, nullptr);
}
void set_vpx_rate(GstElement* encoder, const EncoderRate& rate) {
  g_object_set(encoder, "target-bitrate", rate.bitrate, "min-quantizer", vpx_least_quantizer,
               nullptr);
}

/// So little that no block of an unchanged picture is worth anything; x264 takes no less.
void spare_x264(GstElement* encoder) {
  constexpr unsigned kilobits = 100;
  g_object_set(encoder, "bitrate", kilobits, nullptr);
}
void spare_vpx(GstElement* encoder) {
  g_object_set(encoder, "min-quantizer", vpx_most_quantizer, nullptr);
}

constexpr std::array kinds{
    EncoderKind{"vah264enc", Codec::h264, true, va_description, set_x264_rate},
    EncoderKind{"vaapih264enc", Codec::h264, true, vaapi_description, set_x264_rate},
    EncoderKind{"nvh264enc", Codec::h264, true, nvenc_description, set_x264_rate},
    EncoderKind{"x264enc", Codec::h264, false, x264_description, set_x264_rate, spare_x264},
    EncoderKind{"vp8enc", Codec::vp8, false, vp8_description, set_vpx_rate, spare_vpx},
    EncoderKind{"vp9enc", Codec::vp9, false, vp9_description, set_vpx_rate, spare_vpx},
};

}  // namespace

int bitrate_of(const VideoFormat& format) {
  const auto pixels = static_cast<std::int64_t>(format.width) * format.height * format.fps;
  return static_cast<int>(std::clamp<std::int64_t>(pixels / 4, 1'000'000, 12'000'000));
}

std::span<const EncoderKind> encoder_kinds() {
  return kinds;
}

}  // namespace aerie::stream
