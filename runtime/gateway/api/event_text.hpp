#pragma once

#include <optional>
#include <string>

#include "messages/event.hpp"
#include "runtime/gateway/http_message.hpp"

namespace aerie {

/// One server-sent event: `id: SEQ`, `event: KIND`, `data: JSON` (WHATWG HTML, 9.2).
[[nodiscard]] std::string event_text(const Event& event);

/// The event that says that older ones are no longer kept: `gap` with `{oldest}`.
[[nodiscard]] std::string gap_text(std::uint64_t oldest);

/// A comment: it keeps the connection known to be alive, and nothing else.
inline constexpr const char* comment_text = ":\n\n";

/// Where to begin: `Last-Event-ID` before `since`, for a reader that comes back has both, and the
/// address is the older. Neither: live only.
[[nodiscard]] std::optional<std::uint64_t> begin_of(const HttpRequest& request);

}  // namespace aerie
