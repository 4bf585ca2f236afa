#include "guest/log_frames.hpp"

#include <algorithm>

#include "messages/frame.hpp"
#include "runtime/process/utf8.hpp"

namespace aerie::guest {
namespace {

constexpr std::size_t most_line_bytes = 9 * 1024;  // a cut line with its mark
constexpr std::size_t room_for_lines = max_frame_bytes - 1024;

/// What a text takes in JSON: a control character becomes six bytes.
std::size_t json_bytes(const std::string& text) {
  std::size_t bytes = 3;  // quotes and comma
  for (const char c : text) {
    const bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    bytes += is_control ? 6 : (c == '"' || c == '\\' ? 2 : 1);
  }
  return bytes;
}

/// Drops the older half of the tail. False when there is none left.
bool shorten(link::ChildNews& news) {
  if (!news.exit || news.exit->tail.empty()) return false;
  auto& tail = news.exit->tail;
  tail.erase(tail.begin(), tail.begin() + static_cast<std::ptrdiff_t>((tail.size() + 1) / 2));
  if (news.cause) news.cause->evidence.clear();
  return true;
}

}  // namespace

std::vector<link::LogLines> pack_lines(const std::string& child,
                                       const std::vector<LogLine>& lines) {
  std::vector<link::LogLines> messages;
  std::size_t bytes = 0;
  for (const auto& line : lines) {
    auto text = valid_utf8(line.text, most_line_bytes);
    const auto size = json_bytes(text);
    const bool is_error = line.stream == LogLine::Stream::err;
    if (messages.empty() || messages.back().is_error != is_error ||
        messages.back().lines.size() == link::max_lines_per_frame ||
        bytes + size > room_for_lines) {
      messages.push_back({child, is_error, {}});
      bytes = 0;
    }
    messages.back().lines.push_back(std::move(text));
    bytes += size;
  }
  return messages;
}

Json fitting_frame(link::GuestMessage message) {
  auto frame = to_frame(message);
  auto* news = std::get_if<link::ChildNews>(&message);
  while (news != nullptr && news->exit && !encode_frame(frame) && shorten(*news))
    frame = to_frame(message);
  return frame;
}

}  // namespace aerie::guest
