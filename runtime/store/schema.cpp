#include "runtime/store/schema.hpp"

#include <array>

namespace aerie {
namespace {

/// The steps from one version to the next; the version of a database is how many it has taken.
/// Steps are only ever added.
constexpr std::array steps{
    R"sql(
CREATE TABLE sessions (
  id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, document TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tokens (
  digest TEXT PRIMARY KEY, session TEXT NOT NULL, use INTEGER NOT NULL, until INTEGER) WITHOUT ROWID;
CREATE TABLE resources (
  id TEXT PRIMARY KEY, session TEXT NOT NULL, vm TEXT NOT NULL, kind TEXT NOT NULL,
  name TEXT NOT NULL, acquired_at INTEGER NOT NULL, released_at INTEGER,
  place INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX resources_kept ON resources (place) WHERE released_at IS NULL;
CREATE TABLE events (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, session TEXT NOT NULL,
  vm TEXT NOT NULL, child TEXT NOT NULL, data TEXT NOT NULL);
CREATE INDEX events_session ON events (session, seq) WHERE session <> '';
CREATE VIEW exits AS
  SELECT seq, at, session, vm, child, json_extract(data, '$.kind') AS kind,
         json_extract(data, '$.message') AS message, data AS record
  FROM events WHERE kind = 'child.exited';
CREATE VIEW vms AS
  SELECT vm AS id, session, max(seq) AS seq, at, json_extract(data, '$.state') AS state
  FROM events WHERE kind = 'vm.state' GROUP BY vm;
)sql",
    R"sql(
CREATE TABLE memories (subject TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
)sql",
    R"sql(
CREATE TABLE tombstones (
  session TEXT PRIMARY KEY, at INTEGER NOT NULL, bytes INTEGER NOT NULL, state TEXT NOT NULL,
  vms TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX tokens_session ON tokens (session);
CREATE INDEX events_pool ON events (vm) WHERE session = '' AND vm <> '';
CREATE VIEW unburied AS
  SELECT id FROM sessions
  WHERE id NOT IN (SELECT session FROM tombstones WHERE state <> 'evidence');
)sql",
};

}  // namespace

Result<void> prepare_schema(Database& database) {
  auto query = database.prepare("PRAGMA user_version");
  if (!query) return tl::unexpected(query.error());
  if (auto row = database.step(*query); !row) return tl::unexpected(row.error());
  const auto version = query->number(0);
  if (auto done = database.finish(*query); !done) return done;
  const auto wanted = static_cast<std::int64_t>(steps.size());
  if (version > wanted)
    return tl::unexpected(
        Cause{CauseKind::store_failed,
              "The database has schema " + std::to_string(version) + "; this program knows " +
                  std::to_string(wanted) + ".",
              "Start the newer version that wrote it, or choose another state directory.",
              {}});
  if (version == wanted) return {};
  std::string sql = "BEGIN IMMEDIATE;";
  for (auto i = static_cast<std::size_t>(version); i < steps.size(); ++i)
    sql += steps.at(i);
  sql += "PRAGMA user_version = " + std::to_string(wanted) + "; COMMIT;";
  auto done = database.run(sql.c_str());
  if (!done) database.roll_back();
  return done;
}

}  // namespace aerie
