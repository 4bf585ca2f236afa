#include "actors/stream/png_parts.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace aerie {
namespace {

constexpr std::size_t header_bytes = 24;  // signature, and IHDR as far as the height
constexpr std::string_view signature{"\x89PNG\r\n\x1a\n", 8};
constexpr std::uint32_t widest = 3840;
constexpr std::uint32_t highest = 2160;

std::size_t count_in(const Json& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end() || !found->is_number_unsigned()) return 0;
  return found->get<std::size_t>();
}

std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i)
    value = value << 8U | static_cast<unsigned char>(bytes[i]);
  return value;
}

bool begins_as_picture(const std::string& png) {
  if (png.size() < header_bytes || !png.starts_with(signature)) return false;
  if (png.compare(12, 4, "IHDR") != 0) return false;
  const auto width = big_endian(png, 16);
  const auto height = big_endian(png, 20);
  return width > 0 && width <= widest && height > 0 && height <= highest;
}

/// The six bits of a character; 64: it is none of the alphabet.
unsigned sextet(char character) {
  if (character >= 'A' && character <= 'Z') return static_cast<unsigned>(character - 'A');
  if (character >= 'a' && character <= 'z') return static_cast<unsigned>(character - 'a') + 26;
  if (character >= '0' && character <= '9') return static_cast<unsigned>(character - '0') + 52;
  if (character == '+') return 62;
  return character == '/' ? 63 : 64;
}

}  // namespace

std::optional<std::string> decode_base64(const std::string& text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=')
    ++padding;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t at = 0; at < text.size(); at += 4) {
    const bool is_last = at + 4 == text.size();
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const bool is_padding = is_last && i >= 4 - padding;
      const auto bits = is_padding ? 0 : sextet(text[at + i]);
      if (bits > 63) return std::nullopt;
      group = group << 6U | bits;
    }
    const auto count = is_last ? 3 - padding : 3;
    for (std::size_t i = 0; i < count; ++i)
      bytes += static_cast<char>(group >> (16U - 8U * i) & 0xFFU);
  }
  return bytes;
}

std::optional<std::string> PngParts::add(const Json& body) {
  const auto parts = count_in(body, "parts");
  const auto bytes = count_in(body, "bytes");
  if (next_ == 0) {
    if (parts == 0 || parts > max_parts || bytes > max_bytes) return "its size is out of bounds";
    parts_ = parts;
    bytes_ = bytes;
  }
  if (parts != parts_ || bytes != bytes_ || count_in(body, "part") != next_ || is_complete())
    return "its parts do not belong together";
  const auto data = body.find("data");
  const auto piece = data != body.end() && data->is_string()
                         ? decode_base64(data->get_ref<const std::string&>())
                         : std::nullopt;
  if (!piece) return "a part is no base64";
  if (png_.size() + piece->size() > bytes_) return "it is larger than it said";
  png_ += *piece;
  ++next_;
  if (!is_complete()) return std::nullopt;
  if (png_.size() != bytes_) return "it is smaller than it said";
  if (!begins_as_picture(png_)) return "it is no PNG of a display";
  return std::nullopt;
}

}  // namespace aerie
