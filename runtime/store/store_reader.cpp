#include "runtime/store/store_reader.hpp"

#include <algorithm>

#include "runtime/store/stored_session.hpp"

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

Result<void> read_events(Database& database, StoreContents& contents, std::size_t most) {
  auto statement = database.prepare(
      "SELECT seq, at, kind, session, vm, child, data FROM events ORDER BY seq DESC LIMIT ?1");
  if (!statement) return tl::unexpected(statement.error());
  statement->bind(1, static_cast<std::int64_t>(most));
  auto done = each_row(database, *statement, [&](const Statement& row) -> Result<void> {
    auto data = Json::parse(row.text(6), nullptr, false);
    if (data.is_discarded())
      return tl::unexpected(Cause{CauseKind::store_failed,
                                  "The stored event " + row.text(0) + " can't be read.",
                                  "Move aerie.db out of the state directory and start again.",
                                  {}});
    contents.events.push_back(std::make_shared<const Event>(
        Event{static_cast<std::uint64_t>(row.number(0)), instant(row.number(1)), row.text(2),
              row.text(3), row.text(4), row.text(5), std::move(data)}));
    return {};
  });
  std::reverse(contents.events.begin(), contents.events.end());
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
  if (done) done = read_events(database, contents, most_events);
  if (!done) return tl::unexpected(done.error());
  return contents;
}

}  // namespace aerie
