#pragma once

#include <optional>

#include "guest/stream/picture_pool.hpp"

namespace aerie::stream {

/// Pictures at half their width and height, rounded down to even numbers. One thread at a time.
class PictureHalver {
 public:
  /// The same at the same time; empty where the picture can't be read or is too small.
  [[nodiscard]] GstPtr<GstSample> half_of(GstSample* picture);

 private:
  std::optional<PicturePool> pool_;  ///< for pictures of the size that came last
};

}  // namespace aerie::stream
