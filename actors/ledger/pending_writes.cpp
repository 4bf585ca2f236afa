#include "actors/ledger/pending_writes.hpp"

#include <utility>

namespace aerie {
namespace {

std::string session_key(const std::string& id) {
  return "session " + id;
}
std::string resource_key(const std::string& id) {
  return "resource " + id;
}
std::string memory_key(const std::string& subject) {
  return "memory " + subject;
}

/// Of what is replaced by a later write of the same kind; else empty.
std::string key_of(const StoreWrite& write) {
  if (const auto* session = std::get_if<WriteSession>(&write))
    return session_key(session->document->id);
  if (const auto* resource = std::get_if<WriteResource>(&write))
    return resource_key(resource->resource.id);
  if (const auto* tombstone = std::get_if<WriteTombstoneRecord>(&write))
    return "tombstone " + tombstone->record.session;
  return {};
}

}  // namespace

void PendingWrites::add(StoreWrite write) {
  if (auto* memory = std::get_if<WriteMemory>(&write)) return add_memory(std::move(*memory));
  if (const auto key = key_of(write); !key.empty()) return put(key, std::move(write));
  if (std::holds_alternative<WriteEvent>(write)) events_.push_back(next_);
  writes_.emplace(next_++, std::move(write));
}

void PendingWrites::put(const std::string& key, StoreWrite write) {
  const auto [place, is_new] = replaced_.try_emplace(key, next_);
  if (is_new) ++next_;
  writes_.insert_or_assign(place->second, std::move(write));
}

void PendingWrites::add_memory(WriteMemory write) {
  const auto key = memory_key(write.memory.subject);
  if (!write.memory.state.empty()) return put(key, std::move(write));
  if (write.spared.empty()) {
    // What it strikes out need not be written before; '0' is the character that follows '/'.
    erase_keys(key, key + '\0');
    erase_keys(key + "/", key + "0");
  } else {
    // The part that is spared may wait here, so all of it stays and is struck out in its turn.
    const auto first = replaced_.lower_bound(key + "/");
    replaced_.erase(first, replaced_.lower_bound(key + "0"));
    replaced_.erase(key);
  }
  writes_.emplace(next_++, std::move(write));
}

void PendingWrites::erase_keys(const std::string& first, const std::string& last) {
  const auto end = replaced_.lower_bound(last);
  for (auto each = replaced_.lower_bound(first); each != end; each = replaced_.erase(each))
    writes_.erase(each->second);
}

void PendingWrites::put_back(std::vector<StoreWrite> earlier) {
  auto later = take();
  for (auto& write : earlier)
    add(std::move(write));
  for (auto& write : later)
    add(std::move(write));
}

void PendingWrites::withdraw_session(const std::string& id) {
  erase_keys(session_key(id), session_key(id) + '\0');
  erase_keys(memory_key(id), memory_key(id) + '\0');
  erase_keys(memory_key(id) + "/", memory_key(id) + "0");
}

void PendingWrites::withdraw_resource(const std::string& id) {
  erase_keys(resource_key(id), resource_key(id) + '\0');
}

std::size_t PendingWrites::drop_events_beyond(std::size_t most) {
  std::size_t dropped = 0;
  for (; writes_.size() > most && !events_.empty(); events_.pop_front())
    dropped += writes_.erase(events_.front());
  return dropped;
}

std::vector<EventPtr> PendingWrites::events() const {
  std::vector<EventPtr> found;
  for (const auto place : events_)
    if (const auto write = writes_.find(place); write != writes_.end())
      found.push_back(std::get<WriteEvent>(write->second).event);
  return found;
}

std::vector<StoreWrite> PendingWrites::take() {
  std::vector<StoreWrite> all;
  all.reserve(writes_.size());
  for (auto& [place, write] : writes_)
    all.push_back(std::move(write));
  writes_.clear();
  replaced_.clear();
  events_.clear();
  return all;
}

}  // namespace aerie
