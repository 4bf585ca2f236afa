#pragma once

#include <string>
#include <string_view>

#include "messages/cause.hpp"

namespace aerie::kernel {

/// The uncompressed ELF kernel within a bzImage. `name` is the file's, for messages. Errors:
/// `kernel-not-elf` for what is no bzImage or holds no x86-64 ELF file, `image-corrupt` for a
/// bzImage that is cut short or damaged.
[[nodiscard]] Result<std::string> extract(std::string_view image, const std::string& name);

/// The same from file to file; `target` is written whole or not at all. Errors: those, also
/// `kernel-not-elf` where `source` can't be read, `disk-full` and `store-failed`.
[[nodiscard]] Result<void> extract_file(const std::string& source, const std::string& target);

/// The path of an ELF kernel for `source`: itself where it is one, else what is extracted from it
/// into `cache`, once for all files with the same content. Errors as of `extract_file`.
[[nodiscard]] Result<std::string> as_elf(const std::string& source, const std::string& cache);

}  // namespace aerie::kernel
