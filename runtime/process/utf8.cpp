#include "runtime/process/utf8.hpp"

#include <algorithm>

#include "messages/cause.hpp"

namespace aerie {

std::string valid_utf8(std::string_view text, std::size_t max_bytes) {
  const bool is_ascii = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0; });
  std::string valid{text};
  if (!is_ascii) {
    const auto dumped = Json(valid).dump(-1, ' ', false, Json::error_handler_t::replace);
    valid = Json::parse(dumped).get<std::string>();
  }
  if (valid.size() <= max_bytes) return valid;
  while (max_bytes > 0 && (static_cast<unsigned char>(valid[max_bytes]) & 0xC0U) == 0x80U)
    --max_bytes;
  valid.resize(max_bytes);
  return valid;
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at++]);
    if (lead < 0x80) continue;
    const std::size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4 || text.size() - at < more) return false;
    unsigned code = lead & (0x3FU >> more);
    for (std::size_t i = 0; i < more; ++i) {
      const auto next = static_cast<unsigned char>(text[at++]);
      if ((next & 0xC0U) != 0x80U) return false;
      code = code << 6U | (next & 0x3FU);
    }
    const unsigned least = more == 3 ? 0x10000U : more == 2 ? 0x800U : 0x80U;
    if (code < least || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
  }
  return true;
}

}  // namespace aerie
