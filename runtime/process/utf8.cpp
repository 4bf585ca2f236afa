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

}  // namespace aerie
