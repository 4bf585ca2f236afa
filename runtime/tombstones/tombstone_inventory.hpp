#pragma once

#include <string>

#include "actors/ports/store.hpp"

namespace aerie {

/// Adds the tombstones below `STATE/tombstones` whose sessions the store does not know, for it was
/// begun anew since: they answer for their sessions, and go when their time is up. One that can't
/// be read is told among the troubles, and stays. Blocks for as long as reading takes.
void add_unknown_tombstones(const std::string& state, StoreContents& contents);

}  // namespace aerie
