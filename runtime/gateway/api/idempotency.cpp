#include "runtime/gateway/api/idempotency.hpp"

#include <algorithm>

namespace aerie {

bool IdempotencyKeys::is_key(std::string_view text) {
  return !text.empty() && text.size() <= 255 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

IdempotencyKeys::Outcome IdempotencyKeys::begin(const std::string& key,
                                                const std::string& body_digest, Instant now) {
  forget_old(now);
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    entries_.emplace(key, Entry{body_digest, "", "", now});
    order_.emplace_back(now, key);
    return {};
  }
  auto& entry = found->second;
  if (entry.body_digest != body_digest) return {Verdict::conflict, "", ""};
  if (entry.session.empty()) return {Verdict::underway, "", ""};
  if (now - entry.at >= token_kept) entry.token.clear();
  return {Verdict::known, entry.session, entry.token};
}

void IdempotencyKeys::finish(const std::string& key, const std::string& session,
                             const std::string& token, Instant now) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  found->second.session = session;
  found->second.token = token;
  found->second.at = now;
}

void IdempotencyKeys::abandon(const std::string& key) {
  entries_.erase(key);
  std::erase_if(order_, [&](const auto& one) { return one.second == key; });
}

void IdempotencyKeys::forget_old(Instant now) {
  while (!order_.empty() && (now - order_.front().first >= kept || order_.size() > most_keys)) {
    entries_.erase(order_.front().second);
    order_.pop_front();
  }
}

}  // namespace aerie
