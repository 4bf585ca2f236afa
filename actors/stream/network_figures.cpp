#include "actors/stream/network_figures.hpp"

#include <algorithm>

namespace aerie {
namespace {

constexpr std::size_t most_viewers = 64;
constexpr std::int64_t most_bitrate = 1'000'000'000;
constexpr std::int64_t permille = 1000;

/// The numbers of a list; none where there is no list.
std::optional<std::vector<std::int64_t>> numbers_in(const Json& body, const char* name,
                                                    std::int64_t high) {
  std::vector<std::int64_t> numbers;
  const auto found = body.find(name);
  if (found == body.end()) return numbers;
  if (!found->is_array() || found->size() > most_viewers) return std::nullopt;
  for (const auto& each : *found) {
    if (!each.is_number_integer() || each < 0 || each > high) return std::nullopt;
    numbers.push_back(each.get<std::int64_t>());
  }
  return numbers;
}

}  // namespace

std::optional<std::vector<ActorFigure>> read_network_figures(const Json& body) {
  if (!body.is_object()) return std::nullopt;
  const auto targets = numbers_in(body, "targetsBps", most_bitrate);
  const auto losses = numbers_in(body, "lossesPermille", permille);
  if (!targets || !losses) return std::nullopt;
  std::vector<ActorFigure> shown;
  if (!targets->empty())
    shown.push_back({"targetBitsPerSecond",
                     static_cast<double>(*std::min_element(targets->begin(), targets->end()))});
  if (!losses->empty())
    shown.push_back({"lossPercent",
                     static_cast<double>(*std::max_element(losses->begin(), losses->end())) / 10});
  return shown;
}

}  // namespace aerie
