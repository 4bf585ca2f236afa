#pragma once

#include <string>

namespace aerie {

/// A random UUID (RFC 9562, version 4), lower-case.
[[nodiscard]] std::string new_uuid();

/// SHA-256 of `text` in lower-case hexadecimal: all that is kept of a token.
[[nodiscard]] std::string sha256_hex(const std::string& text);

}  // namespace aerie
