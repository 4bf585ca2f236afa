#pragma once

#include <string>
#include <string_view>

namespace aerie {

/// A random UUID (RFC 9562, version 4), lower-case.
[[nodiscard]] std::string new_uuid();

/// True for `8-4-4-4-12` lower-case hexadecimal digits.
[[nodiscard]] bool is_uuid(std::string_view text);

/// SHA-256 of `text` in lower-case hexadecimal: all that is kept of a token.
[[nodiscard]] std::string sha256_hex(const std::string& text);

}  // namespace aerie
