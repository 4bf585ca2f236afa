#include "runtime/store/stored_tombstone.hpp"

#include <algorithm>
#include <array>

namespace aerie {
namespace {

constexpr std::array<std::string_view, 4> names{"evidence", "complete", "settled", "going"};

}  // namespace

std::string_view to_string(TombstoneState state) {
  return names.at(static_cast<std::size_t>(state));
}

std::optional<TombstoneState> tombstone_state(std::string_view name) {
  const auto* const found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<TombstoneState>(found - names.begin());
}

}  // namespace aerie
