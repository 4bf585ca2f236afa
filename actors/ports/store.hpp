#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "messages/interfaces.hpp"

namespace aerie {

struct WriteSession {
  SessionDocumentPtr document;
};
struct WriteResource {
  Resource resource;
  Instant acquired_at{};
};
struct StrikeResource {
  std::string id;
  Instant released_at{};
};
struct WriteEvent {
  EventPtr event;
};
struct WriteToken {
  SaveToken token;
};
struct WriteMemory {
  Remember memory;
  std::string spared = {};  ///< of a strike: the part, without the subject and `/`, that stays
};

/// How far a session's tombstone has come. Only ever forward.
enum class TombstoneState {
  evidence,  ///< written, the session is not over yet
  complete,  ///< the session's last word is in it
  settled,   ///< and the session's own directory is gone: the tombstone is all there is
  going,     ///< it is being deleted
};
struct TombstoneRecord {
  std::string session;
  Instant at{};
  std::int64_t bytes = 0;
  TombstoneState state = TombstoneState::evidence;
  std::vector<std::string> vms;  ///< the session's guests, oldest first
};
struct WriteTombstoneRecord {
  TombstoneRecord record;
};
/// Strikes out a session with its tokens, memories, resources and tombstone; its events stay until
/// they are too old.
struct DropSession {
  std::string session;
};

using StoreWrite = std::variant<WriteSession, WriteResource, StrikeResource, WriteEvent, WriteToken,
                                WriteMemory, WriteTombstoneRecord, DropSession>;

/// One transaction: all of it or nothing.
struct StoreBatch {
  std::uint64_t number = 0;
  std::vector<StoreWrite> writes;
};

/// What the store held when it was opened.
struct StoreContents {
  std::vector<SessionDocumentPtr> sessions;  ///< oldest first
  std::vector<SaveToken> tokens;
  std::vector<Resource> resources;  ///< those never released
  std::vector<EventPtr> events;     ///< the newest, and those of sessions not over; oldest first
  std::uint64_t last_seq = 0;
  std::map<std::string, Json> memories;  ///< what actors remembered, by subject
  std::vector<TombstoneRecord> tombstones;
  /// Sessions of which the store knows nothing, though evidence of them was found; each with its
  /// tombstone, which has no bytes where there is none yet.
  std::vector<std::pair<SessionDocumentPtr, TombstoneRecord>> unknown_sessions;
  std::vector<Cause> troubles;  ///< what was found damaged and set aside
};

/// A page of stored events, oldest first.
struct EventQuery {
  std::uint64_t after = 0;
  std::size_t most = 0;
  std::string session;  ///< only this one's; empty: all
};

/// Where the ledger writes. Both functions return at once and call back on a thread of the store's.
class Store {
 public:
  /// Hands the batch back, so that nothing of one that failed is lost.
  using Done = std::function<void(StoreBatch batch, std::optional<Cause> failure)>;
  using EventsRead = std::function<void(Result<std::vector<EventPtr>> events)>;

  virtual ~Store() = default;

  /// `done` is called once a batch, in the order of submission, after the batch is durable or has
  /// failed (`store-failed`, `disk-full`).
  virtual void submit(StoreBatch batch, Done done) = 0;

  /// Reads events that are durable.
  virtual void read_events(EventQuery query, EventsRead done) = 0;

  /// From this number on every event that was written is still there. From any thread.
  [[nodiscard]] virtual std::uint64_t oldest_event() const = 0;
};

}  // namespace aerie
