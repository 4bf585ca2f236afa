#pragma once

#include <string>

#include "actors/ports/store.hpp"

namespace aerie {

/// Adds what lies below `STATE/tombstones` and `STATE/sessions` and is of sessions that the store
/// does not know, for it was begun anew since. What is known of them is kept for its time; a
/// tombstone that can't be read is told among the troubles, and stays. Blocks while it reads.
void add_unknown_sessions(const std::string& state, StoreContents& contents);

}  // namespace aerie
