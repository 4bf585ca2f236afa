#pragma once

namespace aerie::test {

/// What a `Page` that shows a session is asked: true while pictures of its guest come.
inline constexpr const char* is_live = "document.body.dataset.state === 'live'";

}  // namespace aerie::test
