#pragma once

#include <caf/error.hpp>
#include <optional>

#include "messages/cause.hpp"

namespace aerie {

/// A cause as the reason with which an actor ends, so that its supervisor knows more than a text.
[[nodiscard]] caf::error exit_reason_of(const Cause& cause);

/// The cause that `exit_reason_of` put there; none in any other reason.
[[nodiscard]] std::optional<Cause> cause_in(const caf::error& reason);

}  // namespace aerie
