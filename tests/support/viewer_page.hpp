#pragma once

#include <string>

#include "tests/support/pixels.hpp"

namespace aerie::test {

/// What a `Page` that shows a session is asked: true while pictures of its guest come.
inline constexpr const char* is_live = "document.body.dataset.state === 'live'";

/// The same: true while the middle of the guest's picture, decoded, is of that colour, each part
/// within 40 of it.
[[nodiscard]] std::string shows(const Colour& colour);

}  // namespace aerie::test
