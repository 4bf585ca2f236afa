#include "guest/news_buffer.hpp"

#include <algorithm>
#include <utility>

namespace aerie::guest {
namespace {

std::size_t bytes_of(const link::LogLines& log) {
  std::size_t bytes = 64;  // the message itself
  for (const auto& line : log.lines)
    bytes += line.size() + 1;
  return bytes;
}

}  // namespace

void NewsBuffer::add(link::GuestMessage message) {
  if (const auto* says = std::get_if<link::StreamSays>(&message)) {
    if (says->body.value("type", Json{}) == "stats") return;  // of a moment that is over
    if (++words_ > max_words) return;
    return messages_.push_back(std::move(message));
  }
  if (const auto* log = std::get_if<link::LogLines>(&message)) {
    log_bytes_ += bytes_of(*log);
    messages_.push_back(std::move(message));
    while (log_bytes_ > max_log_bytes)
      drop_oldest_log();
    return;
  }
  messages_.push_back(std::move(message));
  if (++events_ <= max_events) return;
  const auto oldest = std::find_if(messages_.begin(), messages_.end(), [](const auto& each) {
    return !std::holds_alternative<link::LogLines>(each) &&
           !std::holds_alternative<link::StreamSays>(each);
  });
  messages_.erase(oldest);
  --events_;
}

std::vector<link::GuestMessage> NewsBuffer::take() {
  std::vector<link::GuestMessage> taken;
  for (const auto& [child, count] : std::exchange(dropped_lines_, {}))
    taken.emplace_back(link::LogLines{child,
                                      true,
                                      {"aerie: " + std::to_string(count) +
                                       " lines were dropped here while no controller listened"}});
  std::move(messages_.begin(), messages_.end(), std::back_inserter(taken));
  messages_.clear();
  log_bytes_ = events_ = words_ = 0;
  return taken;
}

void NewsBuffer::drop_oldest_log() {
  const auto oldest = std::find_if(messages_.begin(), messages_.end(), [](const auto& each) {
    return std::holds_alternative<link::LogLines>(each);
  });
  const auto& log = std::get<link::LogLines>(*oldest);
  log_bytes_ -= bytes_of(log);
  dropped_lines_[log.child] += log.lines.size();
  messages_.erase(oldest);
}

}  // namespace aerie::guest
