#include "actors/session/viewer_log.hpp"

#include <utility>

namespace aerie {
namespace {

/// Near enough for a bound, without encoding each message once more.
std::size_t approximate_bytes(const Json& message) {
  std::size_t bytes = 64;
  for (const auto& [name, value] : message.items())
    bytes += name.size() + (value.is_string() ? value.get_ref<const std::string&>().size() : 32);
  return bytes;
}

bool is_of_dead_epoch(const Json& message, const std::function<bool(std::uint64_t)>& is_alive) {
  const auto& type = message.at("type").get_ref<const std::string&>();
  return (type == "offer" || type == "candidate") &&
         !is_alive(message.at("epoch").get<std::uint64_t>());
}

}  // namespace

Json ViewerLog::add(Json message, Instant at) {
  message["seq"] = ++last_seq_;
  message["at"] = to_rfc3339(at);
  kept_.push_back({message, approximate_bytes(message)});
  bytes_ += kept_.back().bytes;
  while (kept_.size() > max_messages || bytes_ > max_bytes) {
    bytes_ -= kept_.front().bytes;
    kept_.pop_front();
  }
  return message;
}

void ViewerLog::restore(std::vector<Json> messages) {
  for (auto& message : messages) {
    const auto seq = message.at("seq").get<std::uint64_t>();
    if (!kept_.empty() && seq != last_seq_ + 1) kept_.clear();
    last_seq_ = seq;
    const auto bytes = approximate_bytes(message);
    kept_.push_back({std::move(message), bytes});
  }
  bytes_ = 0;
  for (const auto& each : kept_)
    bytes_ += each.bytes;
  is_restored_ = true;
}

void ViewerLog::catch_up(std::uint64_t seen) {
  if (!std::exchange(is_restored_, false)) return;
  if (seen <= last_seq_ || seen > last_seq_ + max_messages) return;
  last_seq_ = seen;
  kept_.clear();
  bytes_ = 0;
}

std::optional<std::vector<Json>> ViewerLog::since(
    std::uint64_t last_seq, const std::function<bool(std::uint64_t epoch)>& is_alive) const {
  const auto first_kept = last_seq_ - kept_.size() + 1;
  if (last_seq > last_seq_ || last_seq + 1 < first_kept) return std::nullopt;
  std::vector<Json> missed;
  for (const auto& each : kept_)
    if (each.message.at("seq").get<std::uint64_t>() > last_seq &&
        !is_of_dead_epoch(each.message, is_alive))
      missed.push_back(each.message);
  return missed;
}

}  // namespace aerie
