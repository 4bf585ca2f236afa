#pragma once

#include <string>

#include "messages/cause.hpp"

namespace aerie {

/// Makes the state directory (and those above it), 0700 and ours; `store-failed` or `disk-full`
/// when it can't be made, is no directory, or belongs to somebody else.
[[nodiscard]] Result<void> make_state_folder(const std::string& path);

}  // namespace aerie
