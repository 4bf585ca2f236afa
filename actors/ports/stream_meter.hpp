#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "messages/time.hpp"

namespace aerie {

/// What one encoder of a streamer has done since it was told of last.
struct EncoderFigures {
  std::string codec;                                  ///< `h264` or `vp8`
  std::size_t bytes = 0;                              ///< of what it made
  std::vector<std::chrono::microseconds> times = {};  ///< of each frame, from picture to unit
};

/// What a streamer says of a while in which it had something to show.
struct StreamFigures {
  Duration during{0};
  std::vector<EncoderFigures> encoders = {};
  std::vector<std::chrono::microseconds> round_trips = {};  ///< to each viewer that told of one
};

/// A viewer's way to a peer: `offer` lasts from the wish for one until it was offered, `answer`
/// from there until the viewer has answered.
enum class SignalingStep { offer, answer };

/// Where streams' figures are added up over all sessions. Thread-safe, never waits for long.
class StreamMeter {
 public:
  virtual ~StreamMeter() = default;
  virtual void add(const StreamFigures& figures) = 0;
  virtual void add(SignalingStep step, Duration took) = 0;
};

}  // namespace aerie
