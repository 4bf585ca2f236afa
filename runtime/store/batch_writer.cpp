#include "runtime/store/batch_writer.hpp"

#include <array>

#include "runtime/store/stored_session.hpp"

namespace aerie {
namespace {

constexpr auto session_sql =
    "INSERT INTO sessions (id, created_at, document) VALUES (?1, ?2, ?3) "
    "ON CONFLICT (id) DO UPDATE SET document = excluded.document";
/// `place` keeps the order of acquisition, which the clock may not.
constexpr auto resource_sql =
    "INSERT INTO resources (id, session, vm, kind, name, acquired_at, place) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, (SELECT coalesce(max(place), 0) + 1 FROM resources "
    "WHERE released_at IS NULL)) "
    "ON CONFLICT (id) DO UPDATE SET session = excluded.session, vm = excluded.vm";
constexpr auto strike_sql = "UPDATE resources SET released_at = ?2 WHERE id = ?1";
constexpr auto event_sql =
    "INSERT OR REPLACE INTO events (seq, at, kind, session, vm, child, data) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
constexpr auto token_sql =
    "INSERT OR REPLACE INTO tokens (digest, session, use, until) VALUES (?1, ?2, ?3, ?4)";
constexpr auto memory_sql =
    "INSERT INTO memories (subject, state) VALUES (?1, ?2) "
    "ON CONFLICT (subject) DO UPDATE SET state = excluded.state";
/// '0' is the character that follows '/'.
constexpr auto forget_sql =
    "DELETE FROM memories WHERE subject = ?1 OR (subject > ?1 || '/' AND subject < ?1 || '0')";
constexpr auto prune_sql = "DELETE FROM events WHERE seq <= ?1";

std::int64_t stamp(Instant at) {
  return at.time_since_epoch().count();
}

/// What a guest sent may hold invalid UTF-8; it is replaced instead of refused.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

BatchWriter::BatchWriter(Statement session, Statement resource, Statement strike, Statement event,
                         Statement token, Statement memory, Statement forget, Statement prune)
    : session_(std::move(session)),
      resource_(std::move(resource)),
      strike_(std::move(strike)),
      event_(std::move(event)),
      token_(std::move(token)),
      memory_(std::move(memory)),
      forget_(std::move(forget)),
      prune_(std::move(prune)) {}

Result<BatchWriter> BatchWriter::prepare(Database& database) {
  std::vector<Statement> made;
  for (const auto* sql : {session_sql, resource_sql, strike_sql, event_sql, token_sql, memory_sql,
                          forget_sql, prune_sql}) {
    auto statement = database.prepare(sql);
    if (!statement) return tl::unexpected(statement.error());
    made.push_back(std::move(*statement));
  }
  return BatchWriter(std::move(made[0]), std::move(made[1]), std::move(made[2]), std::move(made[3]),
                     std::move(made[4]), std::move(made[5]), std::move(made[6]),
                     std::move(made[7]));
}

Result<void> BatchWriter::write(Database& database, const StoreBatch& batch) {
  for (const auto& each : batch.writes) {
    auto done = std::visit([&](const auto& write) { return put(database, write); }, each);
    if (!done) return done;
  }
  return {};
}

Result<void> BatchWriter::prune_events(Database& database, std::uint64_t last) {
  prune_.bind(1, static_cast<std::int64_t>(last));
  return database.finish(prune_);
}

Result<void> BatchWriter::put(Database& database, const WriteSession& write) {
  session_.bind(1, write.document->id);
  session_.bind(2, stamp(write.document->created_at));
  session_.bind(3, dump(stored_session(*write.document)));
  return database.finish(session_);
}

Result<void> BatchWriter::put(Database& database, const WriteResource& write) {
  resource_.bind(1, write.resource.id);
  resource_.bind(2, write.resource.session);
  resource_.bind(3, write.resource.vm);
  resource_.bind(4, write.resource.kind);
  resource_.bind(5, write.resource.name);
  resource_.bind(6, stamp(write.acquired_at));
  return database.finish(resource_);
}

Result<void> BatchWriter::put(Database& database, const StrikeResource& write) {
  strike_.bind(1, write.id);
  strike_.bind(2, stamp(write.released_at));
  return database.finish(strike_);
}

Result<void> BatchWriter::put(Database& database, const WriteEvent& write) {
  const auto& event = *write.event;
  event_.bind(1, static_cast<std::int64_t>(event.seq));
  event_.bind(2, stamp(event.at));
  event_.bind(3, event.kind);
  event_.bind(4, event.session);
  event_.bind(5, event.vm);
  event_.bind(6, event.child);
  event_.bind(7, dump(event.data));
  last_seq_ = std::max(last_seq_, event.seq);
  return database.finish(event_);
}

Result<void> BatchWriter::put(Database& database, const WriteToken& write) {
  std::optional<std::int64_t> until;
  if (write.token.until) until = stamp(*write.token.until);
  token_.bind(1, write.token.digest);
  token_.bind(2, write.token.session);
  token_.bind(3, static_cast<std::int64_t>(write.token.use));
  token_.bind(4, until);
  return database.finish(token_);
}

Result<void> BatchWriter::put(Database& database, const WriteMemory& write) {
  const auto& [subject, state] = write.memory;
  if (state.is_null()) {
    forget_.bind(1, subject);
    return database.finish(forget_);
  }
  memory_.bind(1, subject);
  memory_.bind(2, dump(state));
  return database.finish(memory_);
}

}  // namespace aerie
