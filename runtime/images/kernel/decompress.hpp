#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "messages/cause.hpp"

namespace aerie::kernel {

/// How a kernel's payload may be packed (the kernel's Kconfig, KERNEL_*).
enum class Compression { none, gzip, xz, lzma, zstd, lz4, lzo, bzip2 };

[[nodiscard]] std::string_view to_string(Compression compression);

/// By its first bytes; nothing where they are none that is known.
[[nodiscard]] std::optional<Compression> compression_of(std::string_view packed);

/// Unpacks exactly `size` bytes; what follows the packed data is not looked at. An error's message
/// is the end of a sentence: "ends too early", "has 8 bytes too many", or what the library said.
[[nodiscard]] tl::expected<std::string, std::string> decompress(Compression compression,
                                                                std::string_view packed,
                                                                std::size_t size);

}  // namespace aerie::kernel
