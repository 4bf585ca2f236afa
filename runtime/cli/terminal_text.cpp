#include "runtime/cli/terminal_text.hpp"

namespace aerie {
namespace {

void append_escaped(std::string& result, unsigned char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  result += "\\x";
  result += digits[byte >> 4U];
  result += digits[byte & 0xfU];
}

}  // namespace

std::string terminal_text(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // C1 controls are two bytes in UTF-8: 0xc2 0x80 to 0xc2 0x9f.
    const bool is_c1 = byte == 0xc2 && i + 1 < text.size() &&
                       static_cast<unsigned char>(text[i + 1]) >= 0x80 &&
                       static_cast<unsigned char>(text[i + 1]) <= 0x9f;
    if (is_c1) {
      append_escaped(result, byte);
      append_escaped(result, static_cast<unsigned char>(text[++i]));
    } else if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
      append_escaped(result, byte);
    } else {
      result += text[i];
    }
  }
  return result;
}

}  // namespace aerie
