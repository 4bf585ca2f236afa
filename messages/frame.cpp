#include "messages/frame.hpp"

namespace aerie {
namespace {

constexpr std::size_t header_bytes = 4;
constexpr int max_depth = 32;

Cause violation(std::string message) {
  return {CauseKind::link_violation,
          std::move(message),
          "The peer of the link speaks another protocol or lies; look at its log and retire it.",
          {}};
}

}  // namespace

Result<std::string> encode_frame(const Json& message) {
  const auto body = message.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (body.size() > max_frame_bytes)
    return tl::unexpected(violation("A frame of " + std::to_string(body.size()) +
                                    " bytes is over the link's limit of " +
                                    std::to_string(max_frame_bytes) + "."));
  const auto length = static_cast<std::uint32_t>(body.size());
  std::string frame;
  frame.reserve(header_bytes + body.size());
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    frame.push_back(static_cast<char>((length >> shift) & 0xFFU));
  return frame + body;
}

Result<std::vector<Json>> FrameDecoder::feed(std::string_view bytes) {
  if (broken_) return tl::unexpected(violation("The link was closed after an earlier violation."));
  buffer_.append(bytes);
  std::vector<Json> messages;
  std::size_t at = 0;
  while (buffer_.size() - at >= header_bytes) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < header_bytes; ++i)
      length = length << 8U | static_cast<unsigned char>(buffer_[at + i]);
    if (length == 0 || length > max_frame_bytes) {
      broken_ = true;
      return tl::unexpected(violation("A frame announced " + std::to_string(length) +
                                      " bytes; 1 to " + std::to_string(max_frame_bytes) +
                                      " are allowed."));
    }
    if (buffer_.size() - at - header_bytes < length) break;
    const auto body = std::string_view{buffer_}.substr(at + header_bytes, length);
    bool too_deep = false;
    const auto guard = [&](int depth, Json::parse_event_t, Json&) {
      too_deep = too_deep || depth > max_depth;
      return !too_deep;
    };
    auto message = Json::parse(body, guard, /*allow_exceptions=*/false);
    if (too_deep || !message.is_object()) {
      broken_ = true;
      return tl::unexpected(violation(too_deep ? "A frame nests deeper than 32 levels."
                                               : "A frame is not a JSON object."));
    }
    messages.push_back(std::move(message));
    at += header_bytes + length;
  }
  buffer_.erase(0, at);
  return messages;
}

}  // namespace aerie
