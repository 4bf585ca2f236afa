#include "runtime/tombstones/redaction.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

#include "runtime/tombstones/folder.hpp"

namespace aerie {
namespace {

constexpr std::string_view replacement = "[url]";
constexpr std::size_t chunk_size = 256 * 1024;

}  // namespace

Redaction::Redaction(const std::string& url) {
  if (url.empty() || url.starts_with("about:")) return;
  hidden_.push_back(url);
  const auto quoted = Json(url).dump(-1, ' ', false, Json::error_handler_t::replace);
  if (const auto inside = quoted.substr(1, quoted.size() - 2); inside != url)
    hidden_.push_back(inside);
  for (const auto& each : hidden_)
    longest_ = std::max(longest_, each.size());
}

std::string Redaction::apply(std::string_view text) const {
  std::string rest{text};
  return take_settled(rest, true);
}

std::string Redaction::take_settled(std::string& text, bool is_end) const {
  std::string settled;
  std::size_t position = 0;
  for (;;) {
    std::size_t first = std::string::npos;
    std::size_t size = 0;
    for (const auto& each : hidden_)
      if (const auto found = text.find(each, position); found < first) {
        first = found;
        size = each.size();
      }
    if (first == std::string::npos) break;
    settled.append(text, position, first - position);
    settled += replacement;
    position = first + size;
  }
  const auto undecided = is_end || longest_ == 0 ? 0 : longest_ - 1;
  const auto keep = std::min(text.size() - position, undecided);
  settled.append(text, position, text.size() - position - keep);
  text.erase(0, text.size() - keep);
  return settled;
}

Result<void> Redaction::copy(int from, int to, const std::string& to_path) const {
  std::string text;
  for (;;) {
    const auto before = text.size();
    text.resize(before + chunk_size);
    const auto count = ::read(from, text.data() + before, chunk_size);
    text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      return tl::unexpected(file_failure("what " + to_path + " is copied from", errno));
    const auto written = write_all(to, take_settled(text, count == 0), to_path);
    if (!written || count == 0) return written;
  }
}

}  // namespace aerie
