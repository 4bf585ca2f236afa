#include "guest/stream/encode_meter.hpp"

#include <algorithm>

namespace aerie::stream {
namespace {

constexpr std::size_t most_under_way = 16;  // encoders without lookahead hold one or two
constexpr std::size_t most_times = 1024;

}  // namespace

void EncodeMeter::began(GstClockTime picture, Clock::time_point at) {
  const std::scoped_lock lock{mutex_};
  if (under_way_.size() == most_under_way) under_way_.pop_front();
  under_way_.emplace_back(picture, at);
}

void EncodeMeter::ended(GstClockTime picture, std::size_t bytes, Clock::time_point at) {
  const std::scoped_lock lock{mutex_};
  figures_.bytes += bytes;
  const auto found = std::find_if(under_way_.begin(), under_way_.end(),
                                  [&](const auto& each) { return each.first == picture; });
  if (found == under_way_.end()) return;
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(at - found->second);
  // What came before it was dropped by the encoder.
  under_way_.erase(under_way_.begin(), std::next(found));
  if (figures_.times.size() < most_times) figures_.times.push_back(took);
}

EncodeMeter::Figures EncodeMeter::take() {
  const std::scoped_lock lock{mutex_};
  return std::exchange(figures_, {});
}

}  // namespace aerie::stream
