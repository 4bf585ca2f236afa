#pragma once

#include <string>

#include "messages/cause.hpp"

namespace aerie {

/// The why document (contract, section 7) for people, safe for a terminal.
[[nodiscard]] std::string why_text(const Json& why);

}  // namespace aerie
