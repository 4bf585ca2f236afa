#pragma once

#include <cstdint>
#include <vector>

namespace aerie::bench {

/// One of `count` pictures that follow each other as those of a film do, and the last one the
/// first: textures of several sizes that drift against each other, lit differently, with a film's
/// grain. Rows of BGRx.
[[nodiscard]] std::vector<std::uint32_t> moving_picture(int width, int height, int index,
                                                        int count);

}  // namespace aerie::bench
