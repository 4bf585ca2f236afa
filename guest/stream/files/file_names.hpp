#pragma once

#include <string>
#include <string_view>

namespace aerie::stream {

/// Bytes of UTF-8; file systems take 255, and `numbered_name` adds some.
inline constexpr std::size_t longest_file_name = 200;

/// Whether a name may be a file's in the guest's folder of downloads, whoever gave it: one part of
/// a path, well-formed UTF-8, not hidden, without control characters and marks that turn the order
/// of text around (which make `exe.txt` of what is none), and no spaces around it.
[[nodiscard]] bool is_file_name(std::string_view name);

/// `report.pdf` and 2 make `report (2).pdf`; `archive.tar.gz` makes `archive (2).tar.gz`.
[[nodiscard]] std::string numbered_name(std::string_view name, int number);

/// Whether a program still writes it and renames it when it is complete, as browsers do.
[[nodiscard]] bool is_unfinished_name(std::string_view name);

}  // namespace aerie::stream
