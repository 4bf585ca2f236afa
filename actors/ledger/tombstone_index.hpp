#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "actors/ports/store.hpp"

namespace aerie {

/// Which tombstones there are, how large they are together, and which one goes first.
class TombstoneIndex {
 public:
  /// Adds one, or replaces what is known of it. `is_held`: it may not go.
  void put(TombstoneRecord record, bool is_held);
  void set_held(const std::string& session, bool is_held);
  void erase(const std::string& session);

  /// Null: there is none.
  [[nodiscard]] const TombstoneRecord* find(const std::string& session) const;
  /// Of those that may go (settled, held by nobody) the oldest; null: none may.
  [[nodiscard]] const TombstoneRecord* oldest() const;
  /// Of all of them that are not going.
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }
  /// The session a guest was of, while its tombstone is there; empty: unknown.
  [[nodiscard]] std::string session_of(const std::string& vm) const;

 private:
  struct Entry {
    TombstoneRecord record;
    bool is_held = false;
  };

  void count_in(const Entry& entry);
  void count_out(const Entry& entry);

  std::unordered_map<std::string, Entry> entries_;         ///< by session
  std::unordered_map<std::string, std::string> sessions_;  ///< by guest
  std::set<std::pair<Instant, std::string>> may_go_;
  std::int64_t bytes_ = 0;
};

}  // namespace aerie
