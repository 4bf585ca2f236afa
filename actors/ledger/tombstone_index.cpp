#include "actors/ledger/tombstone_index.hpp"

namespace aerie {

void TombstoneIndex::put(TombstoneRecord record, bool is_held) {
  erase(record.session);
  const auto session = record.session;
  for (const auto& vm : record.vms)
    sessions_[vm] = session;
  count_in(entries_[session] = {std::move(record), is_held});
}

void TombstoneIndex::set_held(const std::string& session, bool is_held) {
  const auto found = entries_.find(session);
  if (found == entries_.end()) return;
  count_out(found->second);
  found->second.is_held = is_held;
  count_in(found->second);
}

void TombstoneIndex::erase(const std::string& session) {
  const auto found = entries_.find(session);
  if (found == entries_.end()) return;
  for (const auto& vm : found->second.record.vms)
    sessions_.erase(vm);
  count_out(found->second);
  entries_.erase(found);
}

void TombstoneIndex::count_in(const Entry& entry) {
  const auto& record = entry.record;
  if (record.state != TombstoneState::going) bytes_ += record.bytes;
  if (record.state == TombstoneState::settled && !entry.is_held)
    may_go_.emplace(record.at, record.session);
}

void TombstoneIndex::count_out(const Entry& entry) {
  if (entry.record.state != TombstoneState::going) bytes_ -= entry.record.bytes;
  may_go_.erase({entry.record.at, entry.record.session});
}

const TombstoneRecord* TombstoneIndex::find(const std::string& session) const {
  const auto found = entries_.find(session);
  return found == entries_.end() ? nullptr : &found->second.record;
}

const TombstoneRecord* TombstoneIndex::oldest() const {
  return may_go_.empty() ? nullptr : find(may_go_.begin()->second);
}

std::string TombstoneIndex::session_of(const std::string& vm) const {
  const auto found = sessions_.find(vm);
  return found == sessions_.end() ? std::string{} : found->second;
}

}  // namespace aerie
