#include "runtime/store/schema.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "runtime/process/temporary_directory.hpp"
#include "runtime/store/sqlite_store.hpp"

using namespace aerie;
using aerie::testing::TemporaryDirectory;

namespace {

/// What the program left behind at that version, as a dump.
std::string dump_of(std::int64_t version) {
  const auto folder = std::filesystem::path(AERIE_SOURCE_FOLDER) / "runtime/store/old_schemas";
  std::ifstream file(folder / ("version_" + std::to_string(version) + ".sql"));
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::int64_t version_of(const std::string& path) {
  auto database = Database::open(path);
  REQUIRE(database);
  auto query = database->prepare("PRAGMA user_version");
  REQUIRE(query);
  REQUIRE(database->step(*query));
  return query->number(0);
}

}  // namespace

TEST_CASE("a database of each older version goes on in place, with all that was in it", "[store]") {
  const TemporaryDirectory fresh;
  REQUIRE(SqliteStore::open({.path = fresh.path() + "/aerie.db"}));
  const auto newest = version_of(fresh.path() + "/aerie.db");
  CHECK(newest >= 3);
  for (std::int64_t version = 1; version < newest; ++version) {
    INFO("version " << version);
    const TemporaryDirectory folder;
    const auto path = folder.path() + "/aerie.db";
    const auto dump = dump_of(version);
    REQUIRE_FALSE(dump.empty());
    REQUIRE(Database::open(path)->run(dump.c_str()));
    REQUIRE(version_of(path) == version);
    // Twice: the second one finds nothing to do.
    for (int start = 0; start < 2; ++start) {
      auto opened = SqliteStore::open({.path = path});
      REQUIRE(opened);
      const auto& contents = opened->contents;
      CHECK(contents.troubles.empty());
      REQUIRE(contents.sessions.size() == 1);
      const auto& session = *contents.sessions.front();
      CHECK(session.user_id == "ada");
      CHECK(session.state == SessionState::ready);
      REQUIRE(session.holds.size() == 1);
      CHECK(session.holds.front().reason == "case 12");
      CHECK(contents.tokens.size() == 1);
      REQUIRE(contents.resources.size() == 1);
      CHECK(contents.resources.front().kind == "slot");
      CHECK(contents.events.size() == 3);
      CHECK(contents.last_seq == 3);
      CHECK(contents.memories.size() == (version < 2 ? 0 : 1));
      CHECK(contents.tombstones.empty());
    }
    CHECK(version_of(path) == newest);
  }
}
