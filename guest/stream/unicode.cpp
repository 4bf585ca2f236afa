#include "guest/stream/unicode.hpp"

namespace aerie::stream {
namespace {

/// How many bytes follow a lead byte, the bits it carries, and the least value of that length.
struct Lead {
  int following;
  char32_t bits;
  char32_t least;
};

std::optional<Lead> lead_of(unsigned char byte) {
  if (byte < 0x80) return Lead{0, byte, 0};
  if ((byte & 0xE0U) == 0xC0) return Lead{1, byte & 0x1FU, 0x80};
  if ((byte & 0xF0U) == 0xE0) return Lead{2, byte & 0x0FU, 0x800};
  if ((byte & 0xF8U) == 0xF0) return Lead{3, byte & 0x07U, 0x10000};
  return std::nullopt;
}

}  // namespace

std::optional<std::u32string> decode_utf8(std::string_view text) {
  std::u32string decoded;
  decoded.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = lead_of(static_cast<unsigned char>(text[at++]));
    if (!lead) return std::nullopt;
    char32_t value = lead->bits;
    for (int i = 0; i < lead->following; ++i, ++at) {
      if (at == text.size()) return std::nullopt;
      const auto byte = static_cast<unsigned char>(text[at]);
      if ((byte & 0xC0U) != 0x80) return std::nullopt;
      value = (value << 6U) | (byte & 0x3FU);
    }
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < lead->least || value > 0x10FFFF || surrogate) return std::nullopt;
    decoded.push_back(value);
  }
  return decoded;
}

std::uint32_t keysym_of(char32_t code_point) {
  switch (code_point) {
    case U'\n':
    case U'\r':
      return 0xFF0D;  // XK_Return
    case U'\t':
      return 0xFF09;  // XK_Tab
    case U'\b':
      return 0xFF08;  // XK_BackSpace
    case 0x1B:
      return 0xFF1B;  // XK_Escape
    default:
      break;
  }
  if (code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0)) return 0;
  if (code_point < 0x100) return static_cast<std::uint32_t>(code_point);
  return 0x01000000U | static_cast<std::uint32_t>(code_point);
}

}  // namespace aerie::stream
