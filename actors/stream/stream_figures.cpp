#include "actors/stream/stream_figures.hpp"

#include <algorithm>
#include <cmath>

namespace aerie {
namespace {

using std::chrono::microseconds;

constexpr std::int64_t longest_ms = 60'000;
constexpr std::int64_t longest_time_us = 60'000'000;
constexpr std::int64_t most_bytes = 1LL << 30;
constexpr std::size_t most_encoders = 3;
constexpr std::size_t most_frames = 1024;
constexpr std::size_t most_viewers = 64;

std::optional<std::int64_t> number_in(const Json& json, std::int64_t low, std::int64_t high) {
  if (!json.is_number_integer() || json < low || json > high) return std::nullopt;
  return json.get<std::int64_t>();
}

const Json* field_of(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found == object.end() ? nullptr : &*found;
}

std::optional<std::vector<microseconds>> times_in(const Json* list, std::size_t most) {
  if (list == nullptr || !list->is_array() || list->size() > most) return std::nullopt;
  std::vector<microseconds> times;
  times.reserve(list->size());
  for (const auto& each : *list) {
    const auto time = number_in(each, 0, longest_time_us);
    if (!time) return std::nullopt;
    times.emplace_back(*time);
  }
  return times;
}

std::optional<EncoderFigures> encoder_in(const Json& json) {
  const auto* codec = field_of(json, "codec");
  const auto* bytes = field_of(json, "bytes");
  auto times = times_in(field_of(json, "encodeUs"), most_frames);
  if (codec == nullptr || (*codec != "h264" && *codec != "vp8" && *codec != "vp9") ||
      bytes == nullptr || !times)
    return std::nullopt;
  const auto count = number_in(*bytes, 0, most_bytes);
  if (!count) return std::nullopt;
  return EncoderFigures{codec->get<std::string>(), static_cast<std::size_t>(*count),
                        *std::move(times)};
}

double ms(microseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

/// The nearest rank.
microseconds quantile(const std::vector<microseconds>& sorted, double share) {
  const auto rank = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

double rounded(double value) {
  return std::round(value * 10) / 10;
}

}  // namespace

std::optional<StreamFigures> read_stream_figures(const Json& body) {
  const auto* after = field_of(body, "afterMs");
  const auto* encoders = field_of(body, "encoders");
  auto trips = times_in(field_of(body, "roundTripsUs"), most_viewers);
  const auto during = after == nullptr ? std::nullopt : number_in(*after, 1, longest_ms);
  if (!during || !trips || encoders == nullptr || !encoders->is_array() ||
      encoders->size() > most_encoders)
    return std::nullopt;
  StreamFigures figures{Duration{*during}, {}, *std::move(trips)};
  for (const auto& each : *encoders) {
    auto encoder = encoder_in(each);
    if (!encoder) return std::nullopt;
    figures.encoders.push_back(*std::move(encoder));
  }
  return figures;
}

std::vector<ActorFigure> shown_figures(const StreamFigures& figures,
                                       const std::vector<ActorFigure>& before) {
  std::size_t frames = 0;
  std::size_t bytes = 0;
  std::vector<microseconds> times;
  for (const auto& each : figures.encoders) {
    frames = std::max(frames, each.times.size());
    bytes += each.bytes;
    times.insert(times.end(), each.times.begin(), each.times.end());
  }
  const auto seconds = static_cast<double>(figures.during.count()) / 1000;
  std::vector<ActorFigure> shown{
      {"framesPerSecond", rounded(static_cast<double>(frames) / seconds)},
      {"bitsPerSecond", std::round(static_cast<double>(bytes) * 8 / seconds)}};
  if (!times.empty()) {
    std::sort(times.begin(), times.end());
    shown.push_back({"encodeP50Ms", rounded(ms(quantile(times, 0.5)))});
    shown.push_back({"encodeP99Ms", rounded(ms(quantile(times, 0.99)))});
  }
  const auto& trips = figures.round_trips;
  if (!trips.empty())
    shown.push_back({"roundTripMs", rounded(ms(*std::max_element(trips.begin(), trips.end())))});
  for (const auto& known : before) {
    const bool is_new = std::none_of(shown.begin(), shown.end(),
                                     [&](const auto& each) { return each.name == known.name; });
    if (is_new) shown.push_back(known);
  }
  return shown;
}

}  // namespace aerie
