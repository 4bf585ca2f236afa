#include "guest/stream/rate_plan.hpp"

#include <algorithm>
#include <cstdint>

namespace aerie::stream {
namespace {

constexpr double least_bits_a_pixel = 0.04;
constexpr int least_fps = 10;
constexpr int step = 20'000;  // bit/s

}  // namespace

EncoderRate full_rate(int most_bitrate) {
  return {most_bitrate, most_bitrate, {}};
}

EncoderRate encoder_rate(int target, int most_bitrate, int width, int height, int fps) {
  if (target >= most_bitrate) return full_rate(most_bitrate);
  const int rounded = std::max(target / step * step, step);
  const double full = static_cast<double>(width) * height * least_bits_a_pixel * fps;
  const double share = std::min(rounded / full, 1.0);
  const int slower = std::max(static_cast<int>(share * fps), std::min(least_fps, fps));
  const auto of_all = std::min<std::int64_t>(std::int64_t{rounded} * fps / slower, most_bitrate);
  // A little less than the time of a picture: captures have gaps of just that.
  return {rounded, static_cast<int>(of_all), std::chrono::microseconds{900'000 / slower}};
}

int least_whole_bitrate(int width, int height, int fps) {
  return static_cast<int>(static_cast<double>(width) * height * least_bits_a_pixel *
                          std::min(fps, least_fps));
}

std::optional<RatedViewer> leader_of(const std::vector<RatedViewer>& viewers, Codec codec) {
  std::optional<RatedViewer> leader;
  for (const auto& viewer : viewers) {
    if (viewer.codec != codec) continue;
    if (viewer.is_holder) return viewer;
    if (!leader || viewer.target > leader->target) leader = viewer;
  }
  return leader;
}

}  // namespace aerie::stream
