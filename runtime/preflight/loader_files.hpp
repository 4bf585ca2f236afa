#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/preflight/file_root.hpp"

namespace aerie::preflight {

/// One entry of `/etc/ld.so.cache`.
struct CachedLibrary {
  std::string path;
  std::int32_t flags = 0;     ///< kind and architecture: FLAG_ELF_LIBC6 and what is above it
  std::string hardware_name;  ///< its subdirectory of `glibc-hwcaps`; empty for none
};

/// `/etc/ld.so.cache` by library name (glibc, dl-cache.h, "glibc-ld.so.cache1.1").
using LibraryCache = std::multimap<std::string, CachedLibrary, std::less<>>;

/// Reads the cache's bytes, which may lie. What can't be read is left out, as are entries for
/// hardware other than by `glibc-hwcaps`, which newer loaders don't know either.
[[nodiscard]] LibraryCache parse_library_cache(std::string_view bytes);

/// The directories that a glibc loader searches at last, as they are written in the loader itself
/// (glibc's build decides them: multiarch directories on Debian, /lib64 elsewhere), without the
/// slash at their end. Those of Debian and of others together, if they can't be found.
[[nodiscard]] std::vector<std::string> default_directories(std::string_view loader, int bits);

/// The directories of `/etc/ld.so.conf` and what it includes (ldconfig(8)). The loader knows only
/// the cache: what is here and not there is ldconfig's to mend. At most 256 files.
[[nodiscard]] std::vector<std::string> configured_directories(const FileRoot& root);

/// Names of `glibc-hwcaps` subdirectories that this processor's loader searches, best first.
[[nodiscard]] const std::vector<std::string>& hardware_names();

}  // namespace aerie::preflight
