#include "benchmarks/stream/moving_picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace aerie::bench {
namespace {

constexpr unsigned cells = 256;  // of a texture, which repeats after as many

/// A number from 0 to 1 that looks random and is always the same for the same place.
double grain(unsigned x, unsigned y, unsigned layer) {
  unsigned hash = x * 0x9E3779B1U ^ y * 0x85EBCA77U ^ layer * 0xC2B2AE3DU;
  hash ^= hash >> 15U;
  hash *= 0x2C1B3C6DU;
  hash ^= hash >> 12U;
  hash *= 0x297A2D39U;
  hash ^= hash >> 15U;
  return static_cast<double>(hash & 0xFFFFU) / 0xFFFF;
}

double smooth(double at) {
  return at * at * (3 - 2 * at);
}

/// Value noise: grains at whole numbers, smoothly joined.
double texture(double x, double y, unsigned layer) {
  const double left = std::floor(x);
  const double top = std::floor(y);
  const auto column = static_cast<unsigned>(static_cast<int>(left)) % cells;
  const auto row = static_cast<unsigned>(static_cast<int>(top)) % cells;
  const double right_share = smooth(x - left);
  const double bottom_share = smooth(y - top);
  const double above =
      std::lerp(grain(column, row, layer), grain((column + 1) % cells, row, layer), right_share);
  const double below =
      std::lerp(grain(column, (row + 1) % cells, layer),
                grain((column + 1) % cells, (row + 1) % cells, layer), right_share);
  return std::lerp(above, below, bottom_share);
}

struct Layer {
  double size;   ///< pixels a grain
  double share;  ///< of the brightness
  double drift;  ///< pixels to either side
};
constexpr std::array layers{Layer{160, 0.45, 60}, Layer{48, 0.3, 30}, Layer{14, 0.15, 45},
                            Layer{4, 0.1, 20}};

std::uint32_t channel(double value, unsigned shift) {
  return static_cast<std::uint32_t>(std::clamp(value, 0.0, 255.0)) << shift;
}

}  // namespace

std::vector<std::uint32_t> moving_picture(int width, int height, int index, int count) {
  std::vector<std::uint32_t> pixels;
  pixels.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  const double turn = 2 * std::numbers::pi * index / count;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      double bright = 0;
      for (unsigned i = 0; i < layers.size(); ++i) {
        const auto& [size, share, drift] = layers[i];
        const double angle = turn + i * std::numbers::pi / 3;
        bright += share * texture((x + 500 + drift * std::cos(angle)) / size,
                                  (y + 500 + drift * std::sin(angle)) / size, i);
      }
      constexpr double noise = 6;
      const double level =
          255 * bright + noise * (grain(static_cast<unsigned>(x), static_cast<unsigned>(y),
                                        static_cast<unsigned>(index) + 100) -
                                  0.5);
      const double warm = texture((x + 300) / 200.0, (y + 300) / 200.0, 9);
      pixels.push_back(channel(level * (0.7 + 0.5 * warm), 16) | channel(level, 8) |
                       channel(level * (1.2 - 0.5 * warm), 0));
    }
  return pixels;
}

}  // namespace aerie::bench
