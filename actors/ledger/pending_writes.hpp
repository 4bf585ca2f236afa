#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "actors/ports/store.hpp"

namespace aerie {

/// Writes on their way to the store, in order. What replaces something that waits (a document, a
/// memory, a tombstone's record) takes its place, so a store that fails for long costs no more than
/// what there is to write.
class PendingWrites {
 public:
  void add(StoreWrite write);

  /// Writes that failed: before everything that was added since, which replaces them.
  void put_back(std::vector<StoreWrite> earlier);

  /// A session that was refused was never there; a resource that was not written was not acquired.
  void withdraw_session(const std::string& id);
  void withdraw_resource(const std::string& id);

  /// Drops the oldest events until at most so many writes are left, or no event is. Returns how
  /// many went.
  std::size_t drop_events_beyond(std::size_t most);

  /// The events that wait, oldest first.
  [[nodiscard]] std::vector<EventPtr> events() const;

  /// All of them, in order; none are left.
  [[nodiscard]] std::vector<StoreWrite> take();

  [[nodiscard]] bool empty() const { return writes_.empty(); }
  [[nodiscard]] std::size_t size() const { return writes_.size(); }

 private:
  void put(const std::string& key, StoreWrite write);
  void add_memory(WriteMemory write);
  void erase_keys(const std::string& first, const std::string& last);

  std::map<std::uint64_t, StoreWrite> writes_;     ///< by place
  std::map<std::string, std::uint64_t> replaced_;  ///< what a later write of the same key replaces
  std::deque<std::uint64_t> events_;               ///< their places; some may be gone
  std::uint64_t next_ = 0;
};

}  // namespace aerie
