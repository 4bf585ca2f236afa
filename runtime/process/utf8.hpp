#pragma once

#include <string>
#include <string_view>

namespace aerie {

/// The text with what is not UTF-8 replaced by U+FFFD, as JSON documents need it, and cut to
/// `max_bytes` between two characters.
[[nodiscard]] std::string valid_utf8(std::string_view text,
                                     std::size_t max_bytes = std::string::npos);

/// Whether all of it is UTF-8 (RFC 3629): no overlong forms, no surrogates. Copies nothing.
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace aerie
