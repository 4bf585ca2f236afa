#pragma once

#include <optional>
#include <string_view>

#include "actors/ports/store.hpp"

namespace aerie {

/// A tombstone's state as it is kept: `evidence`, `complete`, `settled`, `going`.
[[nodiscard]] std::string_view to_string(TombstoneState state);
[[nodiscard]] std::optional<TombstoneState> tombstone_state(std::string_view name);

}  // namespace aerie
