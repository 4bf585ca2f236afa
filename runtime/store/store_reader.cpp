#include "runtime/store/store_reader.hpp"

#include "runtime/store/stored_session.hpp"
#include "runtime/store/stored_tombstone.hpp"

namespace aerie {
namespace {

Instant instant(std::int64_t stamp) {
  return Instant{Duration{stamp}};
}

/// Calls `take(statement)` for each row; it may return a failure to end with.
template <class Take>
Result<void> each_row(Database& database, Statement& statement, Take take) {
  auto row = database.step(statement);
  while (row && *row) {
    if (Result<void> taken = take(statement); !taken) return taken;
    row = database.step(statement);
  }
  if (!row) return tl::unexpected(row.error());
  return {};
}

template <class Take>
Result<void> each_row(Database& database, const char* sql, Take take) {
  auto statement = database.prepare(sql);
  if (!statement) return tl::unexpected(statement.error());
  return each_row(database, *statement, take);
}

Result<void> read_sessions(Database& database, StoreContents& contents) {
  return each_row(
      database, "SELECT id, document FROM sessions ORDER BY created_at, id",
      [&](const Statement& row) -> Result<void> {
        auto session = restored_session(row.text(0), row.text(1));
        if (!session) return tl::unexpected(session.error());
        contents.sessions.push_back(std::make_shared<const SessionDocument>(*std::move(session)));
        return {};
      });
}

Result<void> read_tokens(Database& database, StoreContents& contents) {
  return each_row(database, "SELECT digest, session, use, until FROM tokens",
                  [&](const Statement& row) -> Result<void> {
                    SaveToken token{row.text(0), row.text(1), TokenUse::watch, {}};
                    if (row.number(2) == static_cast<std::int64_t>(TokenUse::session))
                      token.use = TokenUse::session;
                    if (!row.is_null(3)) token.until = instant(row.number(3));
                    contents.tokens.push_back(std::move(token));
                    return {};
                  });
}

Result<void> read_resources(Database& database, StoreContents& contents) {
  return each_row(database,
                  "SELECT id, session, vm, kind, name FROM resources WHERE released_at IS NULL "
                  "ORDER BY place",
                  [&](const Statement& row) -> Result<void> {
                    contents.resources.push_back(
                        {row.text(0), row.text(1), row.text(2), row.text(3), row.text(4)});
                    return {};
                  });
}

Result<void> read_memories(Database& database, StoreContents& contents) {
  return each_row(
      database, "SELECT subject, state FROM memories", [&](const Statement& row) -> Result<void> {
        auto state = Json::parse(row.text(1), nullptr, false);
        if (state.is_discarded())
          return tl::unexpected(Cause{CauseKind::store_failed,
                                      "What is stored of " + row.text(0) + " can't be read.",
                                      "Move aerie.db out of the state directory and start again.",
                                      {}});
        contents.memories.emplace(row.text(0), std::move(state));
        return {};
      });
}

Result<void> read_tombstones(Database& database, StoreContents& contents) {
  return each_row(
      database, "SELECT session, at, bytes, state, vms FROM tombstones",
      [&](const Statement& row) -> Result<void> {
        TombstoneRecord record{
            row.text(0), instant(row.number(1)), row.number(2), TombstoneState::evidence, {}};
        // One that can't be read is written anew.
        record.state = tombstone_state(row.text(3)).value_or(TombstoneState::evidence);
        const auto vms = Json::parse(row.text(4), nullptr, false);
        if (vms.is_array())
          for (const auto& vm : vms)
            if (vm.is_string()) record.vms.push_back(vm.get<std::string>());
        contents.tombstones.push_back(std::move(record));
        return {};
      });
}

/// Of a row `seq, at, kind, session, vm, child, data`.
Result<EventPtr> event_of(const Statement& row) {
  auto data = Json::parse(row.text(6), nullptr, false);
  if (data.is_discarded())
    return tl::unexpected(Cause{CauseKind::store_failed,
                                "The stored event " + row.text(0) + " can't be read.",
                                "Move aerie.db out of the state directory and start again.",
                                {}});
  return std::make_shared<const Event>(Event{static_cast<std::uint64_t>(row.number(0)),
                                             instant(row.number(1)), row.text(2), row.text(3),
                                             row.text(4), row.text(5), std::move(data)});
}

Result<void> take_events(Database& database, Statement& statement,
                         const std::function<Result<void>(const EventPtr&)>& take) {
  return each_row(database, statement, [&](const Statement& row) -> Result<void> {
    auto event = event_of(row);
    if (!event) return tl::unexpected(event.error());
    return take(*event);
  });
}

/// The newest; those of sessions that go on, or whose last word is not saved; those of the pool.
constexpr auto starting_events_sql = R"sql(
SELECT seq, at, kind, session, vm, child, data FROM events WHERE seq IN (
  SELECT seq FROM (SELECT seq FROM events ORDER BY seq DESC LIMIT ?1)
  UNION SELECT seq FROM events WHERE session <> '' AND session IN (SELECT id FROM unburied)
  UNION SELECT seq FROM events
    WHERE session = '' AND vm <> '' AND vm IN (SELECT subject FROM memories))
ORDER BY seq
)sql";

Result<void> read_starting_events(Database& database, StoreContents& contents, std::size_t most) {
  auto statement = database.prepare(starting_events_sql);
  if (!statement) return tl::unexpected(statement.error());
  statement->bind(1, static_cast<std::int64_t>(most));
  auto done = take_events(database, *statement, [&](const EventPtr& event) -> Result<void> {
    contents.events.push_back(event);
    return {};
  });
  if (!contents.events.empty()) contents.last_seq = contents.events.back()->seq;
  return done;
}

}  // namespace

Result<StoreContents> read_contents(Database& database, std::size_t most_events) {
  StoreContents contents;
  auto done = read_sessions(database, contents);
  if (done) done = read_tokens(database, contents);
  if (done) done = read_resources(database, contents);
  if (done) done = read_memories(database, contents);
  if (done) done = read_tombstones(database, contents);
  if (done) done = read_starting_events(database, contents, most_events);
  if (!done) return tl::unexpected(done.error());
  return contents;
}

Result<std::uint64_t> read_oldest_event(Database& database) {
  auto statement = database.prepare("SELECT value FROM marks WHERE name = 'pruned'");
  if (!statement) return tl::unexpected(statement.error());
  std::uint64_t oldest = 1;
  auto done = each_row(database, *statement, [&](const Statement& row) -> Result<void> {
    oldest = static_cast<std::uint64_t>(row.number(0)) + 1;
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  return oldest;
}

Result<std::vector<EventPtr>> read_events(Database& database, const EventQuery& query) {
  auto statement = database.prepare(
      query.session.empty() ? "SELECT seq, at, kind, session, vm, child, data FROM events "
                              "WHERE seq > ?1 ORDER BY seq LIMIT ?2"
                            : "SELECT seq, at, kind, session, vm, child, data FROM events "
                              "WHERE seq > ?1 AND session = ?3 AND session <> '' "
                              "ORDER BY seq LIMIT ?2");
  if (!statement) return tl::unexpected(statement.error());
  statement->bind(1, static_cast<std::int64_t>(query.after));
  statement->bind(2, static_cast<std::int64_t>(query.most));
  if (!query.session.empty()) statement->bind(3, query.session);
  std::vector<EventPtr> page;
  auto done = take_events(database, *statement, [&](const EventPtr& event) -> Result<void> {
    page.push_back(event);
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  return page;
}

Result<void> each_event(Database& database, const std::string& session, std::uint64_t last,
                        const std::function<Result<void>(const EventPtr&)>& take) {
  auto statement = database.prepare(
      "SELECT seq, at, kind, session, vm, child, data FROM events "
      "WHERE session = ?1 AND session <> '' AND seq <= ?2 ORDER BY seq");
  if (!statement) return tl::unexpected(statement.error());
  statement->bind(1, session);
  statement->bind(2, static_cast<std::int64_t>(last));
  return take_events(database, *statement, take);
}

Result<Json> read_memory(Database& database, const std::string& subject) {
  auto statement = database.prepare("SELECT state FROM memories WHERE subject = ?1");
  if (!statement) return tl::unexpected(statement.error());
  statement->bind(1, subject);
  Json state;
  auto done = each_row(database, *statement, [&](const Statement& row) -> Result<void> {
    state = Json::parse(row.text(0), nullptr, false);
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  return state.is_discarded() ? Json(nullptr) : state;
}

}  // namespace aerie
