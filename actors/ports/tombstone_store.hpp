#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "messages/session.hpp"

namespace aerie {

/// What goes into a tombstone besides what lies on disk already.
struct TombstoneOrder {
  SessionDocumentPtr document;
  /// Section 7 of the contract, its logs' paths as they will be; null: as the tombstone before has
  /// it, whose events are no longer in memory.
  Json why;
  std::uint64_t last_event = 0;  ///< of those that are durable; no later one is part of it
  std::vector<std::string> vms;  ///< the session's guests, oldest first
};

/// Asks a tombstone why something of its session was as it was.
struct TombstoneQuestion {
  SessionDocumentPtr document;
  std::string vm;     ///< one of its guests; empty: the session or a child
  std::string child;  ///< empty: the session or a guest
};

/// Tombstones on disk (contract, section 8). Every function returns at once and calls back, once,
/// on a thread of its own.
class TombstoneStore {
 public:
  using Written = std::function<void(Result<std::int64_t> bytes)>;
  using Explained = std::function<void(Json why)>;
  using Removed = std::function<void(std::optional<Cause> failure)>;

  virtual ~TombstoneStore() = default;

  /// Writes and syncs a tombstone, in place of the session's one before, if there is one: at no
  /// moment there is none. Errors: `disk-full`, `store-failed`; then the one before stands.
  virtual void write(TombstoneOrder order, Written done) = 0;

  /// Null where the tombstone, or the child in it, is not known or can't be read.
  virtual void explain(TombstoneQuestion question, Explained done) = 0;

  /// Deletes a tombstone, or the rest of one. No failure where there is none.
  virtual void remove(const std::string& session, Removed done) = 0;
};

}  // namespace aerie
