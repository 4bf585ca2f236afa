#pragma once

#include <cstdint>
#include <optional>
#include <string>

/// The small files by which the kernel's cgroups are read and written.
namespace aerie::cgroup_files {

/// The file's text; empty when it cannot be read.
[[nodiscard]] std::optional<std::string> read(const std::string& path);

/// Writes in one call, as the kernel wants it. 0, or the errno.
int write(const std::string& path, const std::string& text);

/// The number after `key` in a file of `key value` lines.
[[nodiscard]] std::optional<std::uint64_t> value_of(const std::string& path,
                                                    const std::string& key);

}  // namespace aerie::cgroup_files
