#include "runtime/tombstones/tombstone_files.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/resource.h>

#include "actors/ledger/why_document.hpp"
#include "runtime/logs/log_files.hpp"
#include "runtime/process/temporary_directory.hpp"
#include "runtime/process/waiting.hpp"
#include "runtime/store/sqlite_store.hpp"
#include "runtime/tombstones/folder.hpp"
#include "runtime/tombstones/tombstone_inventory.hpp"
#include "runtime/tombstones/tombstone_reader.hpp"

namespace fs = std::filesystem;
using namespace aerie;
using aerie::testing::Eventually;
using aerie::testing::TemporaryDirectory;

namespace {

const std::string url = "https://example.org/?secret=of-the-session";

/// A state directory with a session whose guest `first` said and did something.
struct Fixture {
  Fixture() {
    for (const auto* folder : {"sessions", "tombstones", "vms/first", "vms/second"})
      fs::create_directories(state.path() + "/" + folder);
    document.id = "session";
    document.driver = "qemu";
    document.profile = "browser";
    document.vm_id = "first";
    document.state = SessionState::failed;
    auto opened = SqliteStore::open({.path = state.path() + "/aerie.db"});
    store = std::move(opened->store);
    const Json profile{{"name", "browser"},
                       {"children", {{{"name", "a"}, {"env", {{"KEY", "secret value"}}}}}}};
    const Json request{{"url", url}, {"profile", profile}, {"display", {640, 480, 30}}};
    save({WriteMemory{{"session/request", request.dump()}}});
    tell("child.exited", "browser", {{"kind", "exit-code"}, {"message", "It opened " + url}});
    logs.assign("first", "session");
    logs.append("first", {"browser", false, {"loading " + url, "done"}}, Instant{});
    put("vms/first/console.log", "Linux version 6\n");
  }

  void save(std::vector<StoreWrite> writes) {
    Eventually<std::optional<Cause>> done;
    store->submit({1, std::move(writes)}, [&](const StoreBatch&, std::optional<Cause> failure) {
      done.set(std::move(failure));
    });
    REQUIRE_FALSE(done.get());
  }
  void tell(const std::string& kind, const std::string& child, Json data) {
    const auto event = std::make_shared<const Event>(
        Event{++last_seq, {}, kind, "session", document.vm_id, child, std::move(data)});
    timeline.push_back(event);
    save({WriteEvent{event}});
  }
  void put(const std::string& name, const std::string& text) const {
    std::ofstream{state.path() + "/" + name} << text;
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream file{place() + "/" + name};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  [[nodiscard]] std::string place() const { return state.path() + "/tombstones/session"; }
  [[nodiscard]] SessionDocumentPtr shared() const {
    return std::make_shared<const SessionDocument>(document);
  }
  Result<std::int64_t> write(const std::vector<std::string>& vms, bool has_why = true) {
    TombstoneOrder order{shared(), nullptr, last_seq, vms};
    if (has_why) order.why = explain_session(document, timeline, "tombstones/session/logs");
    Eventually<Result<std::int64_t>> done;
    tombstones.write(order, [&](Result<std::int64_t> bytes) { done.set(std::move(bytes)); });
    return done.get();
  }
  Json ask(const std::string& vm, const std::string& child) {
    Eventually<Json> answer;
    tombstones.explain({shared(), vm, child}, [&](Json why) { answer.set(std::move(why)); });
    return answer.get();
  }
  void remove_logs() {
    Eventually<bool> done;
    logs.remove("session", [&](const std::optional<Cause>& failure) { done.set(!failure); });
    REQUIRE(done.get());
  }

  TemporaryDirectory state;
  Reactor disk;
  LogFiles logs{disk, state.path()};
  std::unique_ptr<SqliteStore> store;
  TombstoneFiles tombstones{state.path(), disk, {{{"key", "log.level"}, {"value", "info"}}}};
  SessionDocument document;
  Timeline timeline;
  std::uint64_t last_seq = 0;
};

/// Makes every write beyond so many bytes of a file fail, as a full disk would.
class SmallFiles {
 public:
  explicit SmallFiles(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  SmallFiles(const SmallFiles&) = delete;
  SmallFiles& operator=(const SmallFiles&) = delete;
  ~SmallFiles() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("a tombstone has the story, the events, the console, the logs and the configuration",
          "[tombstone]") {
  Fixture fixture;
  const auto bytes = fixture.write({"first"});
  REQUIRE(bytes);
  CHECK(*bytes > 0);
  const auto why = Json::parse(fixture.read("why.json"));
  CHECK(why["subject"]["id"] == "session");
  CHECK(why["exits"][0]["kind"] == "exit-code");
  CHECK(why["logs"]["browser"] == "tombstones/session/logs/browser.log");
  CHECK(fixture.read("logs/browser.log") == "loading [url]\ndone\n");
  CHECK(Json::parse(fixture.read("events.jsonl"))["kind"] == "child.exited");
  CHECK(fixture.read("console.log") == "Linux version 6\n");
  const auto configuration = Json::parse(fixture.read("effective-config.json"));
  CHECK(configuration["config"][0]["key"] == "log.level");
  CHECK(configuration["driver"] == "qemu");
  CHECK(configuration["display"]["width"] == 640);
  CHECK(configuration["profile"]["children"][0]["env"]["KEY"] == "***");
  for (const auto& file : fs::recursive_directory_iterator{fixture.state.path() + "/tombstones"}) {
    if (!file.is_regular_file()) continue;
    std::ifstream stream{file.path()};
    const std::string text{std::istreambuf_iterator<char>{stream}, {}};
    INFO(file.path());
    CHECK(text.find("of-the-session") == std::string::npos);
    CHECK(text.find("secret value") == std::string::npos);
    CHECK((fs::status(file.path()).permissions() & fs::perms::others_all) == fs::perms::none);
  }
}

TEST_CASE("a later tombstone takes over what is gone by then", "[tombstone]") {
  Fixture fixture;
  REQUIRE(fixture.write({"first"}));
  // The first guest was replaced: its directory is gone.
  fs::remove_all(fixture.state.path() + "/vms/first");
  fixture.document.vm_id = "second";
  fixture.put("vms/second/console.log", "Linux version 7\n");
  fixture.tell("vm.replaced", "", {{"from", "first"}});
  REQUIRE(fixture.write({"first", "second"}));
  CHECK(fixture.read("console-first.log") == "Linux version 6\n");
  CHECK(fixture.read("console.log") == "Linux version 7\n");
  // And the last word, when nothing else is left.
  fs::remove_all(fixture.state.path() + "/vms/second");
  fixture.save({WriteMemory{{"session", ""}}});
  fixture.remove_logs();
  REQUIRE(fixture.write({"first", "second"}, false));
  CHECK(fixture.read("console-first.log") == "Linux version 6\n");
  CHECK(fixture.read("console.log") == "Linux version 7\n");
  CHECK(fixture.read("logs/browser.log") == "loading [url]\ndone\n");
  CHECK(Json::parse(fixture.read("why.json"))["subject"]["id"] == "session");
  CHECK(Json::parse(fixture.read("effective-config.json"))["display"]["height"] == 480);
  CHECK(Folder::open(fixture.state.path() + "/tombstones")->names() ==
        std::vector<std::string>{"session"});
}

TEST_CASE("a tombstone answers for its session, its guests and their children", "[tombstone]") {
  Fixture fixture;
  REQUIRE(fixture.write({"first"}));
  CHECK(fixture.ask("", "")["subject"]["kind"] == "session");
  const auto child = fixture.ask("", "browser");
  CHECK(child["state"] == "exited");
  CHECK(child["cause"]["kind"] == "exit-code");
  CHECK(child["logs"]["browser"] == "tombstones/session/logs/browser.log");
  CHECK(fixture.ask("first", "")["subject"] == Json{{"kind", "vm"}, {"id", "first"}});
  CHECK(fixture.ask("", "unknown").is_null());
  CHECK(fixture.ask("unknown", "").is_null());
  fixture.put("tombstones/session/why.json", "{");
  CHECK(fixture.ask("", "").is_null());
}

TEST_CASE("a tombstone that can't be written leaves the one before as it was", "[tombstone]") {
  Fixture fixture;
  REQUIRE(fixture.write({"first"}));
  fixture.logs.append("first", {"browser", false, {std::string(5000, 'x')}}, Instant{});
  fixture.disk.call([] {});
  {
    const SmallFiles limit{4000};
    const auto failed = fixture.write({"first"});
    REQUIRE_FALSE(failed);
    CHECK(failed.error().kind == CauseKind::disk_full);
  }
  CHECK(fixture.read("logs/browser.log") == "loading [url]\ndone\n");
  CHECK(Folder::open(fixture.state.path() + "/tombstones")->names() ==
        std::vector<std::string>{"session"});
  REQUIRE(fixture.write({"first"}));
  CHECK(fixture.read("logs/browser.log").size() > 5000);
}

TEST_CASE("a guest's links lead nowhere", "[tombstone]") {
  Fixture fixture;
  fixture.put("secret", "the operator's");
  const auto console = fixture.state.path() + "/vms/first/console.log";
  fs::remove(console);
  fs::create_symlink(fixture.state.path() + "/secret", console);
  REQUIRE(fixture.write({"first"}));
  CHECK(fixture.read("console.log").find("operator's") == std::string::npos);
  CHECK(fixture.read("console.log").find("serial console") != std::string::npos);
}

TEST_CASE("a tombstone is removed whole, and the rest of one too", "[tombstone]") {
  Fixture fixture;
  REQUIRE(fixture.write({"first"}));
  const auto remove = [&] {
    Eventually<bool> done;
    fixture.tombstones.remove("session",
                              [&](const std::optional<Cause>& failure) { done.set(!failure); });
    return done.get();
  };
  CHECK(remove());
  CHECK(remove());
  const auto folder = fixture.state.path() + "/tombstones";
  CHECK(fs::is_empty(folder));
  fs::create_directories(folder + "/.session.going/logs");
  fs::create_directories(folder + "/.other.new");
  fs::create_directories(folder + "/kept");
  REQUIRE(TombstoneFiles::tidy(fixture.state.path()));
  CHECK(Folder::open(folder)->names() == std::vector<std::string>{"kept"});
}

TEST_CASE("a console is read from the guest, and from the tombstone once that is gone",
          "[tombstone]") {
  Fixture fixture;
  fixture.put("vms/first/console.log", "one\ntwo\nthree\n");
  const auto read = [&](const std::string& vm, std::optional<std::size_t> tail) {
    return read_console(*Folder::open(fixture.state.path()), {vm, fixture.shared(), tail});
  };
  CHECK(read("first", 2) == "two\nthree\n");
  REQUIRE(fixture.write({"first"}));
  fs::remove_all(fixture.state.path() + "/vms/first");
  CHECK(read("first", {}) == "one\ntwo\nthree\n");
  CHECK(read("first", 1) == "three\n");
  CHECK(read("first", 0)->empty());
  CHECK(read("first", 9) == "one\ntwo\nthree\n");
  CHECK_FALSE(read("second", {}));
  fixture.document.vm_id = "second";
  REQUIRE(fixture.write({"first", "second"}));
  CHECK(read("first", 1) == "three\n");
  CHECK_FALSE(read("second", {}));  // it had none
}

TEST_CASE("evidence of sessions that the store does not know is found", "[tombstone]") {
  Fixture fixture;
  fixture.document.vm_id = "second";
  fixture.document.state = SessionState::retiring;
  REQUIRE(fixture.write({"first", "second"}));
  fs::create_directories(fixture.state.path() + "/tombstones/nonsense");
  fs::create_directories(fixture.state.path() + "/sessions/only-logs/logs");
  StoreContents contents;
  add_unknown_sessions(fixture.state.path(), contents);
  REQUIRE(contents.unknown_sessions.size() == 2);
  {
    const auto& [document, record] = contents.unknown_sessions.front();
    CHECK(document->state == SessionState::failed);
    CHECK(document->cause->kind == CauseKind::controller_restarted);
    CHECK(record.session == "session");
    CHECK(record.state == TombstoneState::evidence);
    CHECK(record.vms == std::vector<std::string>{"first", "second"});
    CHECK(record.bytes > 0);
  }
  const auto& [document, record] = contents.unknown_sessions.back();
  CHECK(document->id == "only-logs");
  CHECK(document->state == SessionState::failed);
  CHECK(record.bytes == 0);
  REQUIRE(contents.troubles.size() == 1);
  CHECK(contents.troubles.front().message.find("nonsense") != std::string::npos);
  StoreContents knows;
  knows.sessions = {fixture.shared()};
  add_unknown_sessions(fixture.state.path(), knows);
  REQUIRE(knows.unknown_sessions.size() == 1);
  CHECK(knows.unknown_sessions.front().first->id == "only-logs");
}

TEST_CASE("a last word without a database takes over the story there is", "[tombstone]") {
  Fixture fixture;
  REQUIRE(fixture.write({"first"}));
  const auto events = fixture.read("events.jsonl");
  fixture.store.reset();
  for (const auto* ending : {"", "-wal", "-shm"})
    fs::remove(fixture.state.path() + "/aerie.db" + ending);
  fixture.store = std::move(SqliteStore::open({.path = fixture.state.path() + "/aerie.db"})->store);
  fixture.logs.append("first", {"browser", false, {"said since"}}, Instant{});
  TombstoneFiles next{fixture.state.path(), fixture.disk, Json::array()};
  Eventually<bool> written;
  next.write({fixture.shared(), nullptr, 0, {"first"}},
             [&](const Result<std::int64_t>& bytes) { written.set(bytes.has_value()); });
  REQUIRE(written.get());
  CHECK(fixture.read("events.jsonl") == events);
  CHECK(Json::parse(fixture.read("why.json"))["exits"].size() == 1);
  CHECK(fixture.read("logs/browser.log").ends_with("said since\n"));
  CHECK(fixture.read("console.log") == "Linux version 6\n");
}

TEST_CASE("tombstones that were closed are held by no answer any more", "[tombstone]") {
  Fixture fixture;
  REQUIRE(fixture.write({"first"}));
  const auto own =
      std::make_shared<TombstoneFiles>(fixture.state.path(), fixture.disk, Json::array());
  std::atomic<int> answers = 0;
  // As the actor does that asks.
  own->explain({fixture.shared(), "first", ""}, [&answers, own](const Json&) { answers += 1; });
  own->remove("session", [&answers, own](const std::optional<Cause>&) { answers += 1; });
  own->close();
  CHECK(answers == 2);
  CHECK(own.use_count() == 1);
}
