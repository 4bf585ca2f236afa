#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "guest/stream/control_messages.hpp"

namespace aerie::stream {

/// What an encoder makes of the pictures that come.
struct EncoderRate {
  int bitrate = 0;  ///< bit/s
  /// The same for an encoder that counts on the format's frame rate, whatever comes.
  int bitrate_of_all = 0;
  std::chrono::microseconds least_gap{0};  ///< between two pictures; 0: as they come
  friend bool operator==(const EncoderRate&, const EncoderRate&) = default;
};

/// The rate of an encoder that nothing limits.
[[nodiscard]] EncoderRate full_rate(int most_bitrate);

/// What it makes at most `most_bitrate` of, at most `fps` times a second, for a network that takes
/// `target` bits a second: less quality first; below a 25th of a bit for every pixel fewer
/// pictures, down to 10 a second, so that each has the bits of several. Small changes of the target
/// are none.
[[nodiscard]] EncoderRate encoder_rate(int target, int most_bitrate, int width, int height,
                                       int fps);

/// Bit/s below which even the fewest pictures of that size a second have too few bits each.
[[nodiscard]] int least_whole_bitrate(int width, int height, int fps);

/// A viewer whose feedback counts.
struct RatedViewer {
  Epoch epoch = 0;
  Codec codec{};
  int target = 0;
  bool is_holder = false;
};
/// Whose network the encoder of a codec obeys: that of the viewer in control, else the best one.
[[nodiscard]] std::optional<RatedViewer> leader_of(const std::vector<RatedViewer>& viewers,
                                                   Codec codec);

}  // namespace aerie::stream
