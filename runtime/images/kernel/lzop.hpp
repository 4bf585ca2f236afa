#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace aerie::kernel {

/// Unpacks a file of lzop(1), as `decompress` does: liblzo2 knows the algorithm, not the file.
[[nodiscard]] tl::expected<std::string, std::string> unlzop(std::string_view packed,
                                                            std::size_t size);

}  // namespace aerie::kernel
