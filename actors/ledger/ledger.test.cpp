#include "actors/ledger/ledger.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "actors/core/world.test.hpp"

using namespace aerie;
using namespace aerie::testing;

namespace {

struct Fixture : World {
  Fixture() : ledger(environment->directory.ledger()) {}

  void record(const std::string& kind, const std::string& session = "") {
    tell(ledger, RecordEvent{{0, environment->wall(), kind, session, "", "", Json::object()}});
  }
  [[nodiscard]] static SessionDocumentPtr session(const std::string& id) {
    SessionDocument document;
    document.id = id;
    document.user_id = "someone";
    return std::make_shared<const SessionDocument>(document);
  }
  Saved save(const SessionDocumentPtr& document) {
    return ask<Saved>(ledger, SaveSession{document});
  }
  [[nodiscard]] std::vector<std::string> list(const ListSessions& query) {
    std::vector<std::string> ids;
    for (const auto& each : ask<SessionList>(ledger, query).sessions)
      ids.push_back(each->id);
    return ids;
  }

  LedgerActor ledger;
};

std::vector<std::uint64_t> numbers(const Inbox& inbox) {
  std::vector<std::uint64_t> found;
  for (const auto& each : inbox.all<Recorded>())
    found.push_back(each.event->seq);
  return found;
}

}  // namespace

TEST_CASE("events are numbered from one and replayed after since", "[caf][ledger]") {
  Fixture world;
  for (const auto* kind : {"a", "b", "c"})
    world.record(kind);
  const auto inbox = std::make_shared<Inbox>();
  const auto reader = world.stand_in<EventReaderActor>(inbox);
  const auto subscribed =
      world.ask<Subscribed>(world.ledger, Subscribe{reader, 5, std::uint64_t{1}, ""});
  CHECK_FALSE(subscribed.gap);
  world.record("d");
  CHECK(numbers(*inbox) == std::vector<std::uint64_t>{2, 3, 4});
  CHECK(inbox->last<Recorded>().reader == 5);
  world.tell(world.ledger, Unsubscribe{reader, 5});
  world.record("e");
  CHECK(inbox->count<Recorded>() == 3);
}

TEST_CASE("sessions that an earlier controller left have failed, and say why", "[ledger][caf]") {
  Fixture world;
  StoreContents contents;
  for (const auto state : {SessionState::ready, SessionState::ended}) {
    SessionDocument document;
    document.id = std::string{to_string(state)};
    document.state = state;
    contents.sessions.push_back(std::make_shared<const SessionDocument>(document));
  }
  world.ledger = world.start_ledger(contents);
  world.system.run();
  const auto left = world.ask<SessionFound>(world.ledger, FindSession{"ready"}).document;
  CHECK(left->state == SessionState::failed);
  REQUIRE(left->cause);
  CHECK(left->cause->kind == CauseKind::controller_restarted);
  const auto over = world.ask<SessionFound>(world.ledger, FindSession{"ended"}).document;
  CHECK(over->state == SessionState::ended);
}

TEST_CASE("a since that is no longer kept is answered with the oldest", "[caf][ledger]") {
  Fixture world;
  StoreContents contents;
  contents.last_seq = 12;
  world.store->oldest = 11;
  for (const std::uint64_t seq : {11, 12})
    contents.events.push_back(std::make_shared<const Event>(Event{seq, {}, "a", "", "", "", {}}));
  world.ledger = world.start_ledger(contents);
  const auto inbox = std::make_shared<Inbox>();
  const auto reader = world.stand_in<EventReaderActor>(inbox);
  CHECK(world.ask<Subscribed>(world.ledger, Subscribe{reader, 0, 3, ""}).gap == 11);
  CHECK_FALSE(world.ask<Subscribed>(world.ledger, Subscribe{reader, 1, 10, ""}).gap);
  inbox->clear();
  world.record("b");
  CHECK(numbers(*inbox) == std::vector<std::uint64_t>{13, 13});
}

TEST_CASE("a reader may ask for one session's events, and is forgotten when it ends",
          "[caf][ledger]") {
  Fixture world;
  const auto inbox = std::make_shared<Inbox>();
  const auto reader = world.stand_in<EventReaderActor>(inbox);
  world.record("a", "mine");
  world.tell(world.ledger, Subscribe{reader, 0, 0, "mine"});
  world.record("b", "other");
  world.record("c", "mine");
  world.record("d");
  CHECK(numbers(*inbox) == std::vector<std::uint64_t>{1, 3});
  world.crash(reader);
  world.record("e", "mine");
  CHECK(inbox->count<Recorded>() == 2);
}

TEST_CASE("writes gather while a batch is under way, and are confirmed by theirs",
          "[caf][ledger]") {
  Fixture world;
  world.store->is_automatic = false;
  world.record("a");
  REQUIRE(world.store->batches.size() == 1);
  const auto first = world.ask_later<Saved>(world.ledger, SaveSession{Fixture::session("s1")});
  const auto second = world.ask_later<Saved>(world.ledger, SaveSession{Fixture::session("s2")});
  world.record("b");
  CHECK(world.store->batches.size() == 1);
  world.store->finish();
  world.run();
  CHECK_FALSE(first->has_value());
  REQUIRE(world.store->batches.size() == 2);
  CHECK(world.store->batches.back().writes.size() == 3);
  world.store->finish();
  world.run();
  REQUIRE(first->has_value());
  CHECK_FALSE((*first)->failure);
  CHECK(second->has_value());
  REQUIRE(world.store->batches.size() == 3);  // the events of what the sessions acquired
  CHECK(world.store->batches.back().writes.size() == 2);
}

TEST_CASE("a session that can't be written is refused and forgotten; others go on",
          "[caf][ledger]") {
  Fixture world;
  world.save(Fixture::session("old"));
  world.store->failure = some_cause(CauseKind::disk_full);
  const auto saved = world.save(Fixture::session("new"));
  REQUIRE(saved.failure);
  CHECK(saved.failure->kind == CauseKind::disk_full);
  CHECK_FALSE(world.document("new"));
  REQUIRE(world.events("doctor.failed").size() == 1);
  CHECK(world.events("doctor.failed").front()->data["cause"]["kind"] == "disk-full");
  world.tell(world.ledger, UpdateSession{Fixture::session("new")});
  CHECK_FALSE(world.document("new"));
  CHECK(world.list({}) == std::vector<std::string>{"old"});
  CHECK(world.why("new").is_null());

  SessionDocument changed = *world.document("old");
  changed.state = SessionState::ready;
  world.tell(world.ledger, UpdateSession{std::make_shared<const SessionDocument>(changed)});
  CHECK(world.document("old")->state == SessionState::ready);
  CHECK(world.ask<Saved>(world.ledger, AskStoreHealth{}).failure->kind == CauseKind::disk_full);
  world.record("a");
  CHECK(world.events("a").size() == 1);
  world.store->failure.reset();
  world.advance(Duration{2'000});
  CHECK_FALSE(world.ask<Saved>(world.ledger, AskStoreHealth{}).failure);
  CHECK(world.events("doctor.recovered").size() == 1);
  CHECK_FALSE(world.save(Fixture::session("new")).failure);
  CHECK(world.document("new"));
}

TEST_CASE("sessions are listed newest first, in pages, by what they are", "[caf][ledger]") {
  Fixture world;
  for (int i = 1; i <= 5; ++i) {
    auto document = *Fixture::session("s" + std::to_string(i));
    document.user_id = i % 2 == 0 ? "even" : "odd";
    document.state = i < 3 ? SessionState::ended : SessionState::ready;
    document.labels["team"] = i == 5 ? "red" : "blue";
    world.save(std::make_shared<const SessionDocument>(document));
  }
  ListSessions query;
  query.limit = 2;
  const auto page = world.ask<SessionList>(world.ledger, query);
  CHECK(page.next == "s4");
  query.after = page.next;
  CHECK(world.list(query) == std::vector<std::string>{"s3", "s2"});
  query.after = "s2";
  CHECK(world.ask<SessionList>(world.ledger, query).next.empty());
  CHECK(world.list(query) == std::vector<std::string>{"s1"});
  query.limit = 0;
  CHECK(world.list(query).size() == 1);

  CHECK(world.list({SessionState::ready, "odd", {}, 100, ""}) ==
        std::vector<std::string>{"s5", "s3"});
  CHECK(world.list({std::nullopt, std::nullopt, {{"team", "blue"}}, 100, ""}) ==
        std::vector<std::string>{"s4", "s3", "s2", "s1"});
  CHECK(world.list({std::nullopt, std::nullopt, {{"team", "green"}}, 100, ""}).empty());
}

TEST_CASE("a token is found until its time is up", "[caf][ledger]") {
  Fixture world;
  world.tell(world.ledger, SaveToken{"d1", "s1", TokenUse::session, std::nullopt});
  world.tell(world.ledger,
             SaveToken{"d2", "s1", TokenUse::watch, world.environment->wall() + Duration{1000}});
  CHECK(world.ask<TokenFound>(world.ledger, FindToken{"d1"}).use == TokenUse::session);
  CHECK(world.ask<TokenFound>(world.ledger, FindToken{"d2"}).session == "s1");
  world.advance(Duration{1000});
  CHECK(world.ask<TokenFound>(world.ledger, FindToken{"d2"}).session.empty());
  CHECK(world.ask<TokenFound>(world.ledger, FindToken{"d3"}).session.empty());
}

TEST_CASE("a resource is written when it is acquired and struck out when released",
          "[caf][ledger]") {
  Fixture world;
  const Resource resource{"r", "s", "v", "directory", "vms/v"};
  CHECK_FALSE(world.ask<Saved>(world.ledger, AcquireResources{{resource}}).failure);
  CHECK(world.events("resource.acquired").size() == 1);
  world.tell(world.ledger, ReleaseResource{resource});
  REQUIRE(world.events("resource.released").size() == 1);
  CHECK(world.events("resource.released").front()->data["name"] == "vms/v");
}

TEST_CASE("what a failing store did not take is written when it works again, in order",
          "[caf][ledger]") {
  Fixture world;
  world.save(Fixture::session("s"));
  world.store->failure = some_cause(CauseKind::disk_full);
  const auto before = world.store->events.size();
  for (const auto* kind : {"a", "b", "c"})
    world.record(kind, "s");
  CHECK(
      world.ask<Saved>(world.ledger, AcquireResources{{Resource{"r", "s", "v", "directory", "x"}}})
          .failure);
  CHECK(world.save(Fixture::session("refused")).failure);
  world.tell(world.ledger, Remember{"s", R"({"n":1})"});
  world.tell(world.ledger, Remember{"s", R"({"n":2})"});
  CHECK(world.store->events.size() == before);
  const auto attempts = world.store->batches.size();
  world.advance(Duration{60'000});
  CHECK(world.store->batches.size() < attempts + 50);  // tried again with patience
  world.store->failure.reset();
  world.advance(Duration{2'000});
  std::vector<std::string> kinds;
  for (auto i = before; i < world.store->events.size(); ++i)
    kinds.push_back(world.store->events[i]->kind);
  CHECK(kinds == std::vector<std::string>{"a", "doctor.failed", "b", "c", "doctor.recovered"});
  for (std::size_t i = 1; i < world.store->events.size(); ++i)
    CHECK(world.store->events[i]->seq == world.store->events[i - 1]->seq + 1);
  const auto& written = world.store->batches.at(world.store->batches.size() - 2).writes;
  const auto count = [&](const auto& is_it) {
    return std::count_if(written.begin(), written.end(), is_it);
  };
  CHECK(count([](const StoreWrite& write) {
          const auto* memory = std::get_if<WriteMemory>(&write);
          return memory != nullptr && memory->memory.state == R"({"n":2})";
        }) == 1);
  CHECK(count([](const StoreWrite& write) { return std::holds_alternative<WriteMemory>(write); }) ==
        1);
  // What was refused was never there.
  CHECK(count([](const StoreWrite& write) {
          return std::holds_alternative<WriteResource>(write) ||
                 std::holds_alternative<WriteSession>(write);
        }) == 0);
}

TEST_CASE("too much that waits for a failing store loses the oldest events, and says so",
          "[caf][ledger]") {
  Fixture world;
  world.store->failure = some_cause(CauseKind::store_failed);
  for (int i = 0; i < 20'500; ++i)
    post(world.ledger, RecordEvent{{0, {}, "flood", "", "", "", Json::object()}});
  world.run();
  world.advance(Duration{5'000});
  world.store->failure.reset();
  world.advance(Duration{2'000});
  REQUIRE(world.events("doctor.recovered").size() == 1);
  CHECK_THAT(world.events("doctor.recovered").front()->data["detail"].get<std::string>(),
             Catch::Contains("501 oldest events"));
}

TEST_CASE("an event too old for the memory is read from the store, then it goes on live",
          "[caf][ledger]") {
  Fixture world;
  for (int i = 1; i <= 5'000; ++i)
    post(world.ledger, RecordEvent{{0, {}, "a", i % 2 == 0 ? "even" : "", "", "", {}}});
  world.run();
  const auto inbox = std::make_shared<Inbox>();
  const auto reader = world.stand_in<EventReaderActor>(inbox);
  CHECK_FALSE(world.ask<Subscribed>(world.ledger, Subscribe{reader, 0, 10, ""}).gap);
  world.record("while it catches up");
  world.advance(Duration{1'000});
  world.record("live");
  auto heard = numbers(*inbox);
  REQUIRE(heard.size() == 4'992);
  CHECK(heard.front() == 11);
  CHECK(std::adjacent_find(heard.begin(), heard.end(),
                           [](auto one, auto next) { return next != one + 1; }) == heard.end());
  CHECK(world.store->queries.size() >= 2);
  inbox->clear();
  world.tell(world.ledger, Subscribe{reader, 1, 0, "even"});
  world.advance(Duration{1'000});
  heard = numbers(*inbox);
  CHECK(heard.size() == 2'500);
  CHECK(std::all_of(heard.begin(), heard.end(), [](auto each) { return each % 2 == 0; }));
}

TEST_CASE("a since of an earlier store begins at the oldest event there is", "[caf][ledger]") {
  Fixture world;
  world.record("a");
  const auto inbox = std::make_shared<Inbox>();
  const auto reader = world.stand_in<EventReaderActor>(inbox);
  CHECK(world.ask<Subscribed>(world.ledger, Subscribe{reader, 0, 4711, ""}).gap == 1);
  CHECK(numbers(*inbox) == std::vector<std::uint64_t>{1});
}

TEST_CASE("what was said before the end is heard and written", "[caf][ledger]") {
  Fixture world;
  world.store->is_automatic = false;
  world.record("under way");
  for (int i = 0; i < 100; ++i)
    post(world.ledger, RecordEvent{{0, {}, "said", "", "", "", Json::object()}});
  caf::anon_send_exit(world.ledger, caf::exit_reason::user_shutdown);
  world.run();
  REQUIRE(world.store->batches.size() == 2);
  CHECK(world.store->batches.back().writes.size() == 100);
}

TEST_CASE("what was found damaged is told, and lost tombstones are taken in", "[caf][ledger]") {
  Fixture world;
  StoreContents contents;
  contents.troubles = {some_cause(CauseKind::store_failed, "The database was damaged.")};
  auto document = *Fixture::session("lost");
  document.state = SessionState::failed;
  contents.unknown_sessions = {
      {std::make_shared<const SessionDocument>(document),
       {"lost", world.environment->wall(), 5, TombstoneState::complete, {"its vm"}}}};
  world.ledger = world.start_ledger(contents);
  world.run();
  CHECK(world.store->events.front()->kind == "doctor.failed");
  CHECK(world.store->events.front()->data["cause"]["message"] == "The database was damaged.");
  CHECK(world.document("lost"));
  CHECK(world.logs->removed == std::vector<std::string>{"lost"});
  CHECK(world.tombstones->orders.empty());
}
