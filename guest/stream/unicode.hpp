#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aerie::stream {

/// The code points of UTF-8 text; empty when it is not valid (overlong forms, surrogates, beyond
/// U+10FFFF).
[[nodiscard]] std::optional<std::u32string> decode_utf8(std::string_view text);

/// True for well-formed UTF-8.
[[nodiscard]] inline bool is_utf8(std::string_view text) {
  return decode_utf8(text).has_value();
}

/// The X11 keysym that types a code point (X11 protocol, appendix A: Latin-1 as it is, the rest at
/// 0x01000000); 0 for control characters that no key types.
[[nodiscard]] std::uint32_t keysym_of(char32_t code_point);

}  // namespace aerie::stream
