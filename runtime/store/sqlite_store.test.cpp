#include "runtime/store/sqlite_store.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <sys/stat.h>

#include "runtime/store/stored_session.hpp"

namespace fs = std::filesystem;
using namespace aerie;
using namespace std::chrono_literals;

namespace {

class TempState {
 public:
  TempState() {
    std::string name = "/tmp/aerie-store-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  TempState(const TempState&) = delete;
  TempState& operator=(const TempState&) = delete;
  ~TempState() { fs::remove_all(folder_); }
  [[nodiscard]] std::string path() const { return folder_ + "/aerie.db"; }

 private:
  std::string folder_;
};

const Instant noon{std::chrono::sys_days{std::chrono::year{2026} / 5 / 1} + 12h};

SessionDocumentPtr session(const std::string& id, Instant at = noon) {
  SessionDocument document;
  document.id = id;
  document.user_id = "someone";
  document.labels = {{"team", "a"}};
  document.state = SessionState::failed;
  document.stage = Stage::linked;
  document.stages = {{Stage::allocated, 1ms}, {Stage::linked, 90ms}};
  document.vm_id = "vm-1";
  document.vm_address = "10.77.0.2";
  document.vm_state = VmState::stopped;
  document.stream = {StreamState::given_up, 7, 2, Cause{CauseKind::hung, "a", "b", {"c"}}};
  document.viewers = {{"v", ViewerRole::host, true, noon}};
  document.holds = {{"keep", "evidence"}};
  document.created_at = at;
  document.end = SessionEnd{"operator", "requested", noon};
  document.cause = Cause{CauseKind::crash_loop, "x", "y", {}};
  return std::make_shared<const SessionDocument>(std::move(document));
}

EventPtr event(std::uint64_t seq, Json data = Json::object()) {
  return std::make_shared<const Event>(
      Event{seq, noon, "child.exited", "s", "v", "browser", std::move(data)});
}

/// Submits and waits for the answer; the wait's bound only ends a test that would hang.
std::optional<Cause> write(SqliteStore& store, std::vector<StoreWrite> writes) {
  std::promise<std::optional<Cause>> answer;
  auto future = answer.get_future();
  store.submit({1, std::move(writes)}, [&](const StoreBatch&, std::optional<Cause> failure) {
    answer.set_value(std::move(failure));
  });
  REQUIRE(future.wait_for(30s) == std::future_status::ready);
  return future.get();
}

SqliteStore::Opened open_store(const std::string& path) {
  auto opened = SqliteStore::open({.path = path});
  REQUIRE(opened.has_value());
  return *std::move(opened);
}

/// Why a store can't be opened.
Cause refusal(const StoreOptions& options) {
  auto opened = SqliteStore::open(options);
  REQUIRE_FALSE(opened.has_value());
  return opened.error();
}

}  // namespace

TEST_CASE("a stored session is restored as it was", "[store]") {
  const auto before = session("s1");
  const auto text = stored_session(*before).dump();
  const auto after = restored_session("s1", text);
  REQUIRE(after.has_value());
  CHECK(stored_session(*after) == stored_session(*before));
  CHECK(restored_session("s1", "{}").error().kind == CauseKind::store_failed);
  CHECK(restored_session("s1", "nonsense").error().message.find("s1") != std::string::npos);
}

TEST_CASE("what was written is there when the store is opened again", "[store]") {
  const TempState state;
  {
    auto [store, contents] = open_store(state.path());
    CHECK(contents.sessions.empty());
    CHECK(contents.last_seq == 0);
    CHECK_FALSE(write(
        *store, {WriteSession{session("b", noon + 1s)}, WriteSession{session("a")},
                 WriteResource{{"r2", "a", "v", "directory", "/x"}, noon},
                 WriteResource{{"r1", "a", "v", "address", "10.0.0.1"}, noon},
                 WriteResource{{"r3", "a", "v", "process", "9"}, noon},
                 StrikeResource{"r3", noon + 1s}, WriteToken{{"abc", "a", TokenUse::watch, noon}},
                 WriteToken{{"def", "a", TokenUse::session, {}}},
                 WriteEvent{event(1, {{"kind", "signal"}})}, WriteEvent{event(2)}}));
  }
  const auto [store, contents] = open_store(state.path());
  REQUIRE(contents.sessions.size() == 2);
  CHECK(contents.sessions[0]->id == "a");
  CHECK(contents.sessions[1]->id == "b");
  REQUIRE(contents.resources.size() == 2);
  CHECK(contents.resources[0].id == "r2");
  CHECK(contents.resources[1].name == "10.0.0.1");
  CHECK(contents.tokens.size() == 2);
  for (const auto& token : contents.tokens) {
    CHECK(token.until.has_value() == (token.digest == "abc"));
    CHECK((token.use == TokenUse::session) == (token.digest == "def"));
  }
  REQUIRE(contents.events.size() == 2);
  CHECK(contents.events[0]->data["kind"] == "signal");
  CHECK(contents.events[1]->at == noon);
  CHECK(contents.last_seq == 2);
}

TEST_CASE("a session written again replaces itself", "[store]") {
  const TempState state;
  {
    auto [store, contents] = open_store(state.path());
    CHECK_FALSE(write(*store, {WriteSession{session("a")}}));
    auto later = std::make_shared<SessionDocument>(*session("a"));
    later->user_id = "another";
    CHECK_FALSE(write(*store, {WriteSession{later}}));
  }
  const auto [store, contents] = open_store(state.path());
  REQUIRE(contents.sessions.size() == 1);
  CHECK(contents.sessions[0]->user_id == "another");
}

TEST_CASE("what is remembered is replaced, and struck out with its parts", "[store]") {
  const TempState state;
  {
    auto [store, contents] = open_store(state.path());
    CHECK_FALSE(write(
        *store, {WriteMemory{{"a", R"({"n":1})"}}, WriteMemory{{"a", R"({"n":2})"}},
                 WriteMemory{{"a/part", "3"}}, WriteMemory{{"ab", "4"}}, WriteMemory{{"b", "5"}},
                 WriteMemory{{"b/part/1", "6"}}, WriteMemory{{"b0", "7"}}, WriteMemory{{"b", ""}},
                 WriteMemory{{"none", ""}}}));
  }
  const auto [store, contents] = open_store(state.path());
  CHECK(contents.memories ==
        std::map<std::string, Json>{{"a", {{"n", 2}}}, {"a/part", 3}, {"ab", 4}, {"b0", 7}});
}

TEST_CASE("batches are answered once each, in order, and survive the end", "[store]") {
  const TempState state;
  constexpr std::uint64_t count = 500;
  std::vector<std::uint64_t> answered;
  {
    auto [store, contents] = open_store(state.path());
    for (std::uint64_t i = 1; i <= count; ++i)
      store->submit({i, {WriteEvent{event(i)}}},
                    [&](const StoreBatch& batch, const std::optional<Cause>& failure) {
                      if (!failure) answered.push_back(batch.number);
                    });
  }  // the destructor writes what is queued; afterwards the thread is gone
  REQUIRE(answered.size() == count);
  CHECK(std::is_sorted(answered.begin(), answered.end()));
  CHECK(open_store(state.path()).contents.last_seq == count);
}

TEST_CASE("a store that was closed is held by no answer any more", "[store]") {
  const TempState state;
  auto opened = SqliteStore::open({.path = state.path()});
  REQUIRE(opened.has_value());
  std::shared_ptr<SqliteStore> store = std::move(opened->store);
  std::atomic<int> answers = 0;
  // As the actor does that submits.
  store->submit(
      {1, {WriteEvent{event(1)}}},
      [&answers, kept = store](const StoreBatch&, const std::optional<Cause>&) { answers += 1; });
  store->read_events({.after = 0, .most = 1, .session = {}},
                     [&answers, kept = store](const auto&) { answers += 1; });
  store->close();
  CHECK(answers == 2);
  CHECK(store.use_count() == 1);
  store->close();
  store.reset();
  CHECK(open_store(state.path()).contents.last_seq == 1);
}

TEST_CASE("the oldest events go when there are too many", "[store]") {
  const TempState state;
  const StoreOptions options{.path = state.path(), .most_events = 10};
  {
    auto opened = SqliteStore::open(options);
    REQUIRE(opened.has_value());
    std::vector<StoreWrite> writes;
    for (std::uint64_t i = 1; i <= 1100; ++i)
      writes.emplace_back(WriteEvent{event(i)});
    CHECK_FALSE(write(*opened->store, writes));
  }
  const auto contents = open_store(state.path()).contents;
  REQUIRE(contents.events.size() == 10);
  CHECK(contents.events.front()->seq == 1091);
}

TEST_CASE("a full disk fails the batch and not the store", "[store]") {
  const TempState state;
  auto opened = SqliteStore::open({.path = state.path(), .most_pages = 24});
  REQUIRE(opened.has_value());
  auto& store = *opened->store;
  CHECK_FALSE(write(store, {WriteSession{session("a")}}));
  const auto failure = write(store, {WriteSession{session("b")},
                                     WriteEvent{event(1, {{"text", std::string(400'000, 'x')}})}});
  REQUIRE(failure.has_value());
  CHECK(failure->kind == CauseKind::disk_full);
  CHECK(failure->message.find(state.path()) != std::string::npos);
  CHECK_FALSE(write(store, {WriteSession{session("c")}}));
  opened->store.reset();
  const auto contents = open_store(state.path()).contents;
  REQUIRE(contents.sessions.size() == 2);
  CHECK(contents.sessions[1]->id == "c");
}

TEST_CASE("a batch that fails among others fails alone", "[store]") {
  const TempState state;
  auto opened = SqliteStore::open({.path = state.path(), .most_pages = 24});
  REQUIRE(opened.has_value());
  std::map<std::uint64_t, bool> failed;
  const auto note = [&](const StoreBatch& batch, const std::optional<Cause>& failure) {
    failed[batch.number] = failure.has_value();
  };
  opened->store->submit({1, {WriteEvent{event(1)}}}, note);
  opened->store->submit({2, {WriteEvent{event(2, {{"text", std::string(400'000, 'x')}})}}}, note);
  opened->store->submit({3, {WriteEvent{event(3)}}}, note);
  opened->store.reset();
  CHECK(failed == std::map<std::uint64_t, bool>{{1, false}, {2, true}, {3, false}});
}

TEST_CASE("the database is ours alone", "[store]") {
  const TempState state;
  const auto opened = open_store(state.path());
  struct stat status {};
  REQUIRE(stat(state.path().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  const auto cause = refusal({.path = state.path()});
  CHECK(cause.kind == CauseKind::store_failed);
  CHECK(cause.message.find("Another controller") != std::string::npos);
}

TEST_CASE("a damaged database is kept aside, and a new one begun", "[store]") {
  const TempState state;
  std::string held(200'000, 'x');
  SECTION("it is none") {
    std::ofstream(state.path()) << held;
  }
  SECTION("its pages contradict each other") {
    {
      auto [store, contents] = open_store(state.path());
      for (std::uint64_t i = 1; i <= 40; ++i)
        CHECK_FALSE(write(*store, {WriteEvent{event(i, {{"text", std::string(3000, 'y')}})}}));
    }
    std::fstream file(state.path());
    file.seekp(20'000);
    file << std::string(60'000, 'z');
    file.close();
    std::ifstream damaged(state.path());
    held.assign(std::istreambuf_iterator<char>{damaged}, {});
  }
  const auto [store, contents] = open_store(state.path());
  REQUIRE(contents.troubles.size() == 1);
  CHECK(contents.troubles.front().kind == CauseKind::store_failed);
  CHECK(contents.events.empty());
  CHECK_FALSE(write(*store, {WriteSession{session("a")}}));
  std::vector<std::string> aside;
  for (const auto& file : fs::directory_iterator(fs::path(state.path()).parent_path()))
    if (file.path().string().find(".damaged-20") != std::string::npos &&
        file.path().string().ends_with("Z"))
      aside.push_back(file.path());
  REQUIRE(aside.size() == 1);
  CHECK(contents.troubles.front().remedy.find(aside.front()) != std::string::npos);
  std::ifstream kept(aside.front());
  CHECK(std::string(std::istreambuf_iterator<char>{kept}, {}) == held);
}

TEST_CASE("a foreign or newer database is refused with a remedy", "[store]") {
  const TempState state;
  SECTION("newer") {
    REQUIRE(Database::open(state.path())->run("PRAGMA user_version = 99").has_value());
    CHECK(refusal({.path = state.path()}).message.find("99") != std::string::npos);
  }
  SECTION("a link") {
    fs::create_symlink("/tmp/elsewhere", state.path());
    CHECK(refusal({.path = state.path()}).kind == CauseKind::store_failed);
  }
  SECTION("no folder") {
    CHECK(refusal({.path = state.path() + "/no/aerie.db"}).kind == CauseKind::store_failed);
  }
}

TEST_CASE("events are read in pages, of all or of one session", "[store]") {
  const TempState state;
  auto [store, contents] = open_store(state.path());
  std::vector<StoreWrite> writes;
  for (std::uint64_t i = 1; i <= 7; ++i) {
    auto one = *event(i);
    one.session = i % 2 == 0 ? "even" : "odd";
    writes.emplace_back(WriteEvent{std::make_shared<const Event>(one)});
  }
  CHECK_FALSE(write(*store, writes));
  const auto page = [&, &store = store](const EventQuery& query) {
    std::promise<std::vector<std::uint64_t>> answer;
    auto future = answer.get_future();
    store->read_events(query, [&](const Result<std::vector<EventPtr>>& events) {
      std::vector<std::uint64_t> numbers;
      for (const auto& each : events.value())
        numbers.push_back(each->seq);
      answer.set_value(numbers);
    });
    REQUIRE(future.wait_for(30s) == std::future_status::ready);
    return future.get();
  };
  using Numbers = std::vector<std::uint64_t>;
  CHECK(page({2, 3, ""}) == Numbers{3, 4, 5});
  CHECK(page({5, 3, ""}) == Numbers{6, 7});
  CHECK(page({3, 9, "even"}) == Numbers{4, 6});
  CHECK(page({7, 9, ""}).empty());
}

TEST_CASE("events of sessions whose last word is not saved outlive the bound", "[store]") {
  const TempState state;
  const StoreOptions options{.path = state.path(), .most_events = 10, .first_events = 10};
  const auto of = [](std::uint64_t seq, const std::string& id) {
    auto one = *event(seq);
    one.session = id;
    return WriteEvent{std::make_shared<const Event>(one)};
  };
  {
    auto opened = SqliteStore::open(options);
    REQUIRE(opened.has_value());
    CHECK(opened->store->oldest_event() == 1);
    CHECK_FALSE(write(*opened->store,
                      {WriteSession{session("living")}, WriteSession{session("buried")},
                       WriteTombstoneRecord{{"buried", noon, 5, TombstoneState::complete, {"v"}}},
                       of(1, "living"), of(2, "buried")}));
    std::vector<StoreWrite> writes;
    for (std::uint64_t i = 3; i <= 1100; ++i)
      writes.emplace_back(of(i, ""));
    CHECK_FALSE(write(*opened->store, writes));
  }
  auto opened = SqliteStore::open(options);
  REQUIRE(opened.has_value());
  CHECK(opened->contents.events.size() == 11);
  CHECK(opened->contents.events.front()->seq == 1);
  CHECK(opened->store->oldest_event() == 1091);
}

TEST_CASE("a tombstone's record is kept, and goes with its session", "[store]") {
  const TempState state;
  {
    auto [store, contents] = open_store(state.path());
    CHECK_FALSE(
        write(*store,
              {WriteSession{session("a")}, WriteSession{session("b")},
               WriteToken{{"of a", "a", TokenUse::session, {}}},
               WriteToken{{"of b", "b", TokenUse::session, {}}}, WriteMemory{{"a", "1"}},
               WriteMemory{{"a/request", "2"}}, WriteMemory{{"a/other", "3"}},
               WriteMemory{{"a", ""}, "request"},
               WriteTombstoneRecord{{"a", noon, 5, TombstoneState::evidence, {}}},
               WriteTombstoneRecord{{"b", noon, 7, TombstoneState::evidence, {"v1"}}},
               WriteTombstoneRecord{{"b", noon + 1s, 9, TombstoneState::settled, {"v1", "v2"}}}}));
  }
  {
    const auto [store, contents] = open_store(state.path());
    REQUIRE(contents.tombstones.size() == 2);
    const auto& record = contents.tombstones.back();
    CHECK(record.at == noon + 1s);
    CHECK(record.bytes == 9);
    CHECK(record.state == TombstoneState::settled);
    CHECK(record.vms == std::vector<std::string>{"v1", "v2"});
    CHECK(contents.memories == std::map<std::string, Json>{{"a/request", 2}});
    CHECK_FALSE(write(*store, {DropSession{"a"}}));
  }
  const auto [store, contents] = open_store(state.path());
  CHECK(contents.sessions.size() == 1);
  CHECK(contents.tombstones.size() == 1);
  CHECK(contents.tokens.size() == 1);
  CHECK(contents.memories.empty());
}

TEST_CASE("one more connection of ours does not let go of the locks of the others", "[store]") {
  const TempState state;
  auto [store, contents] = open_store(state.path());
  CHECK_FALSE(write(*store, {WriteSession{session("a")}}));
  struct stat status {};
  REQUIRE(stat(state.path().c_str(), &status) == 0);
  // proc(5): type, mandatory or not, mode, pid, device:inode, range.
  const auto has_lock = [inode = ":" + std::to_string(status.st_ino) + " "] {
    std::ifstream locks("/proc/locks");
    for (std::string line; std::getline(locks, line);)
      if (line.find("POSIX") != std::string::npos && line.find(inode) != std::string::npos)
        return true;
    return false;
  };
  REQUIRE(has_lock());
  { const auto another = Database::open(state.path()); }
  CHECK(has_lock());
}
