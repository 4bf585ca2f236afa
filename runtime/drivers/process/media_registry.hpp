#pragma once

#include <string>

namespace aerie {

/// GStreamer's registry of plug-ins, made once for all guests: each would otherwise look at some
/// two hundred libraries at its start, which takes about a second. Lies in the user's cache
/// (`$XDG_CACHE_HOME/aerie`, `~/.cache/aerie`), else in the state directory, named after the
/// plug-ins' names, sizes and times; guests take it as it is (`GST_REGISTRY_UPDATE=no`). Blocks
/// while it is made for the first time. Empty if that failed: guests then start more slowly.
[[nodiscard]] std::string make_media_registry(const std::string& stream_program,
                                              const std::string& state);

}  // namespace aerie
