#pragma once

#include "actors/ports/tombstone_store.hpp"
#include "runtime/tombstones/folder.hpp"

namespace aerie {

/// What a tombstone says to a question; null where it does not know, or can't be read.
[[nodiscard]] Json read_why(const Folder& state, const TombstoneQuestion& question);

}  // namespace aerie
