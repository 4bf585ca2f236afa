#include "runtime/store/batch_writer.hpp"

#include <algorithm>
#include <array>

#include "runtime/store/stored_session.hpp"
#include "runtime/store/stored_tombstone.hpp"

namespace aerie {
namespace {

/// The places of the statements in `all_sql`.
enum Which : std::size_t {
  session_at,
  resource_at,
  strike_at,
  event_at,
  token_at,
  memory_at,
  forget_at,
  tombstone_at,
  prune_at,
  mark_at,
  first_drop_at,
};

constexpr std::array all_sql{
    "INSERT INTO sessions (id, created_at, document) VALUES (?1, ?2, ?3) "
    "ON CONFLICT (id) DO UPDATE SET document = excluded.document",
    // `place` keeps the order of acquisition, which the clock may not.
    "INSERT INTO resources (id, session, vm, kind, name, acquired_at, place) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, (SELECT coalesce(max(place), 0) + 1 FROM resources "
    "WHERE released_at IS NULL)) "
    "ON CONFLICT (id) DO UPDATE SET session = excluded.session, vm = excluded.vm",
    "UPDATE resources SET released_at = ?2 WHERE id = ?1",
    "INSERT OR REPLACE INTO events (seq, at, kind, session, vm, child, data) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    "INSERT OR REPLACE INTO tokens (digest, session, use, until) VALUES (?1, ?2, ?3, ?4)",
    "INSERT INTO memories (subject, state) VALUES (?1, ?2) "
    "ON CONFLICT (subject) DO UPDATE SET state = excluded.state",
    // '0' is the character that follows '/'.
    "DELETE FROM memories WHERE (subject = ?1 OR (subject > ?1 || '/' AND subject < ?1 || '0')) "
    "AND subject <> ?1 || '/' || ?2",
    "INSERT OR REPLACE INTO tombstones (session, at, bytes, state, vms) "
    "VALUES (?1, ?2, ?3, ?4, ?5)",
    "DELETE FROM events WHERE seq <= ?1 AND session NOT IN (SELECT id FROM unburied)",
    "INSERT OR REPLACE INTO marks (name, value) VALUES (?1, ?2)",
    // The session's own rows, in the order of what hangs on what.
    "DELETE FROM tokens WHERE session = ?1",
    "DELETE FROM memories WHERE subject = ?1 OR (subject > ?1 || '/' AND subject < ?1 || '0')",
    "DELETE FROM resources WHERE session = ?1 AND released_at IS NOT NULL",
    "DELETE FROM tombstones WHERE session = ?1",
    "DELETE FROM sessions WHERE id = ?1",
};

std::int64_t stamp(Instant at) {
  return at.time_since_epoch().count();
}

/// What a guest sent may hold invalid UTF-8; it is replaced instead of refused.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Result<BatchWriter> BatchWriter::prepare(Database& database) {
  std::vector<Statement> made;
  for (const auto* sql : all_sql) {
    auto statement = database.prepare(sql);
    if (!statement) return tl::unexpected(statement.error());
    made.push_back(std::move(*statement));
  }
  return BatchWriter(std::move(made));
}

template <class... Values>
Result<void> BatchWriter::run(Database& database, std::size_t which, const Values&... values) {
  auto& statement = statements_.at(which);
  int parameter = 0;
  (statement.bind(++parameter, values), ...);
  return database.finish(statement);
}

Result<void> BatchWriter::write(Database& database, const StoreBatch& batch) {
  for (const auto& each : batch.writes) {
    auto done = std::visit([&](const auto& write) { return put(database, write); }, each);
    if (!done) return done;
  }
  return {};
}

Result<void> BatchWriter::prune_events(Database& database, std::uint64_t last) {
  auto done = run(database, prune_at, static_cast<std::int64_t>(last));
  if (done) done = run(database, mark_at, "pruned", static_cast<std::int64_t>(last));
  return done;
}

Result<void> BatchWriter::put(Database& database, const WriteSession& write) {
  return run(database, session_at, write.document->id, stamp(write.document->created_at),
             dump(stored_session(*write.document)));
}

Result<void> BatchWriter::put(Database& database, const WriteResource& write) {
  const auto& resource = write.resource;
  return run(database, resource_at, resource.id, resource.session, resource.vm, resource.kind,
             resource.name, stamp(write.acquired_at));
}

Result<void> BatchWriter::put(Database& database, const StrikeResource& write) {
  return run(database, strike_at, write.id, stamp(write.released_at));
}

Result<void> BatchWriter::put(Database& database, const WriteEvent& write) {
  const auto& event = *write.event;
  last_seq_ = std::max(last_seq_, event.seq);
  return run(database, event_at, static_cast<std::int64_t>(event.seq), stamp(event.at), event.kind,
             event.session, event.vm, event.child, dump(event.data));
}

Result<void> BatchWriter::put(Database& database, const WriteToken& write) {
  std::optional<std::int64_t> until;
  if (write.token.until) until = stamp(*write.token.until);
  return run(database, token_at, write.token.digest, write.token.session,
             static_cast<std::int64_t>(write.token.use), until);
}

Result<void> BatchWriter::put(Database& database, const WriteMemory& write) {
  const auto& [subject, state] = write.memory;
  if (state.empty()) return run(database, forget_at, subject, write.spared);
  return run(database, memory_at, subject, state);
}

Result<void> BatchWriter::put(Database& database, const WriteTombstoneRecord& write) {
  const auto& record = write.record;
  return run(database, tombstone_at, record.session, stamp(record.at), record.bytes,
             to_string(record.state), dump(record.vms));
}

Result<void> BatchWriter::put(Database& database, const DropSession& write) {
  Result<void> done;
  for (std::size_t which = first_drop_at; done && which < all_sql.size(); ++which)
    done = run(database, which, write.session);
  return done;
}

}  // namespace aerie
