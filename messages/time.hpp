#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace aerie {

using Duration = std::chrono::milliseconds;

/// A point in civil time, UTC, with a resolution of one millisecond.
using Instant = std::chrono::sys_time<Duration>;

/// The wall clock, rounded down to milliseconds.
[[nodiscard]] Instant wall_now();

/// Formats as RFC 3339 in UTC with milliseconds and `Z`: `2026-01-31T08:05:09.120Z`.
[[nodiscard]] std::string to_rfc3339(Instant at);

/// Reads what `to_rfc3339` writes; empty for anything else.
[[nodiscard]] std::optional<Instant> from_rfc3339(std::string_view text);

}  // namespace aerie
