#include <algorithm>
#include <catch2/catch.hpp>

#include "actors/core/world.test.hpp"
#include "actors/ledger/ledger.hpp"

using namespace aerie;
using namespace aerie::testing;

namespace {

struct Fixture : World {
  Fixture() : ledger(environment->directory.ledger()) {}

  static SessionDocument document_of(const std::string& id, SessionState state) {
    SessionDocument document;
    document.id = id;
    document.user_id = "someone";
    document.driver = "process";
    document.vm_id = "vm of " + id;
    document.state = state;
    return document;
  }
  static SessionDocumentPtr shared(const SessionDocument& document) {
    return std::make_shared<const SessionDocument>(document);
  }
  /// A session whose actor and guest are there.
  void begin(const std::string& id) {
    ask<Saved>(ledger, SaveSession{shared(document_of(id, SessionState::ready))});
    tell(ledger, Remember{id, R"({"kind":"session"})"});
    tell(ledger, Remember{id + "/request", R"({"url":"https://example.org/"})"});
    VmDocument vm;
    vm.id = "vm of " + id;
    vm.session = id;
    tell(ledger, UpdateVm{std::make_shared<const VmDocument>(vm)});
    record("child.started", id);
  }
  void record(const std::string& kind, const std::string& id) {
    tell(ledger,
         RecordEvent{{0, environment->wall(), kind, id, "vm of " + id, "browser", Json::object()}});
  }
  Saved save(const std::string& id) {
    return ask<Saved>(ledger, WriteTombstone{id, "vm of " + id});
  }
  /// What session and VM say at their end.
  void end(const std::string& id, const std::vector<Hold>& holds = {}) {
    auto document = document_of(id, SessionState::ended);
    document.holds = holds;
    tell(ledger, UpdateSession{shared(document)});
    tell(ledger, Remember{id, {}});
    tell(ledger, ForgetVm{"vm of " + id});
  }
  [[nodiscard]] bool has_written(const std::function<bool(const StoreWrite&)>& is_it) const {
    return std::any_of(store->batches.begin(), store->batches.end(), [&](const auto& batch) {
      return std::any_of(batch.writes.begin(), batch.writes.end(), is_it);
    });
  }
  [[nodiscard]] bool has_dropped(const std::string& id) const {
    return has_written([&](const StoreWrite& write) {
      const auto* drop = std::get_if<DropSession>(&write);
      return drop != nullptr && drop->session == id;
    });
  }

  LedgerActor ledger;
};

}  // namespace

TEST_CASE("a tombstone is confirmed once it and its event are on disk", "[caf][ledger]") {
  Fixture world;
  world.begin("a");
  world.store->is_automatic = false;
  world.tombstones->is_automatic = false;
  const auto saved = world.ask_later<Saved>(world.ledger, WriteTombstone{"a", "vm of a"});
  CHECK(world.tombstones->orders.empty());  // first what happened so far is made durable
  world.store->finish();
  world.run();
  REQUIRE(world.tombstones->orders.size() == 1);
  const auto& order = world.tombstones->orders.front();
  CHECK(order.document->id == "a");
  CHECK(order.vms == std::vector<std::string>{"vm of a"});
  CHECK(order.why["subject"]["id"] == "a");
  CHECK(order.why["logs"]["browser"] == "tombstones/a/logs/browser.log");
  CHECK(order.last_event == world.store->events.back()->seq);
  world.tombstones->finish();
  world.run();
  CHECK(world.events("tombstone.written").size() == 1);
  CHECK_FALSE(saved->has_value());
  while (!saved->has_value()) {
    world.store->finish();
    world.run();
  }
  CHECK_FALSE((*saved)->failure);
}

TEST_CASE("a tombstone that can't be written is answered with the cause, and asked for again",
          "[caf][ledger]") {
  Fixture world;
  world.begin("a");
  world.tombstones->failure = some_cause(CauseKind::disk_full);
  REQUIRE(world.save("a").failure);
  CHECK(world.save("a").failure->kind == CauseKind::disk_full);
  CHECK(world.events("tombstone.written").empty());
  REQUIRE(world.events("doctor.failed").size() == 1);
  CHECK(world.events("doctor.failed").front()->data["check"] == "tombstones");
  world.tombstones->failure.reset();
  CHECK_FALSE(world.save("a").failure);
  CHECK_FALSE(world.save("a").failure);
  CHECK(world.events("tombstone.written").size() == 2);
  CHECK(world.events("doctor.recovered").size() == 1);
}

TEST_CASE("while the store fails no tombstone is confirmed", "[caf][ledger]") {
  Fixture world;
  world.begin("a");
  world.store->failure = some_cause(CauseKind::store_failed);
  CHECK(world.save("a").failure);
  CHECK(world.save("a").failure->kind == CauseKind::store_failed);
  CHECK(world.tombstones->orders.empty());
  world.store->failure.reset();
  world.advance(Duration{2'000});
  CHECK_FALSE(world.save("a").failure);
}

TEST_CASE("a session whose database was lost is buried without losing its story", "[caf][ledger]") {
  Fixture world;
  StoreContents contents;
  contents.unknown_sessions = {
      {Fixture::shared(Fixture::document_of("told", SessionState::failed)),
       {"told", world.environment->wall(), 5, TombstoneState::evidence, {}}},
      {Fixture::shared(Fixture::document_of("untold", SessionState::failed)),
       {"untold", {}, 0, TombstoneState::evidence, {}}}};
  world.ledger = world.start_ledger(contents);
  world.run();
  REQUIRE(world.tombstones->orders.size() == 2);
  CHECK(world.tombstones->orders.front().why.is_null());
  CHECK(world.tombstones->orders.back().why["state"] == "failed");
  CHECK(world.logs->removed.size() == 2);
}

TEST_CASE("each of a session's guests is in its tombstone; unknown sessions have none",
          "[caf][ledger]") {
  Fixture world;
  world.begin("a");
  CHECK_FALSE(world.ask<Saved>(world.ledger, WriteTombstone{"a", "an earlier one"}).failure);
  CHECK_FALSE(world.save("a").failure);
  CHECK(world.tombstones->orders.back().vms ==
        std::vector<std::string>{"an earlier one", "vm of a"});
  CHECK_FALSE(world.save("never was").failure);
  CHECK(world.tombstones->kept.size() == 1);
}

TEST_CASE("a session that is over is buried: its last word, then its own directory goes",
          "[caf][ledger]") {
  Fixture world;
  world.begin("a");
  world.save("a");
  world.end("a");
  REQUIRE(world.tombstones->orders.size() == 2);
  CHECK(world.tombstones->orders.back().document->state == SessionState::ended);
  CHECK(world.events("tombstone.written").back()->data["complete"] == true);
  CHECK(world.logs->removed == std::vector<std::string>{"a"});
  CHECK(world.events("resource.released").back()->data["name"] == "sessions/a");
  SECTION("it answers from there, and its story has left the memory") {
    CHECK(world.document("a")->state == SessionState::ended);
    CHECK(world.why("a")["state"] == "ended");
    CHECK(world.why("vm of a")["subject"]["kind"] == "vm");
    CHECK(world.why("a/browser")["subject"]["kind"] == "child");
    CHECK(world.ask<VmFound>(world.ledger, FindVm{"vm of a"}).session->id == "a");
    world.tombstones->kept.clear();
    CHECK(world.why("a")["timeline"].empty());
    world.record("hold.set", "a");
    CHECK(world.why("a")["timeline"].empty());
  }
  SECTION("a guest that comes late finds its evidence saved") {
    CHECK_FALSE(world.save("a").failure);
    CHECK(world.tombstones->orders.back().why.is_null());  // the one before has it
    CHECK(world.why("a")["state"] == "ended");
  }
}

TEST_CASE("a ledger that is told to stop finishes the last words it has begun", "[caf][ledger]") {
  Fixture world;
  world.begin("a");
  world.tombstones->is_automatic = false;
  world.end("a");
  caf::anon_send_exit(world.ledger, caf::exit_reason::user_shutdown);
  world.run();
  SECTION("and the session is buried") {
    world.tombstones->finish();
    world.run();
    CHECK(world.logs->removed == std::vector<std::string>{"a"});
    CHECK(world.has_written([](const StoreWrite& write) {
      const auto* tombstone = std::get_if<WriteTombstoneRecord>(&write);
      return tombstone != nullptr && tombstone->record.state == TombstoneState::settled;
    }));
  }
  SECTION("but not for ever") {
    world.advance(Duration{1'100});
    world.tombstones->finish();
    world.run();
    CHECK(world.logs->removed.empty());
  }
}

TEST_CASE("a session is not over while its actor or a guest of it is there", "[caf][ledger]") {
  Fixture world;
  world.begin("a");
  const auto ended = Fixture::shared(Fixture::document_of("a", SessionState::failed));
  world.tell(world.ledger, UpdateSession{ended});
  CHECK(world.tombstones->orders.empty());
  world.tell(world.ledger, Remember{"a", {}});
  CHECK(world.tombstones->orders.empty());
  world.tell(world.ledger, ForgetVm{"vm of a"});
  CHECK(world.tombstones->orders.size() == 1);
}

TEST_CASE("the last word is tried again until it is written", "[caf][ledger]") {
  Fixture world;
  world.begin("a");
  world.tombstones->failure = some_cause(CauseKind::disk_full);
  world.end("a");
  CHECK(world.logs->removed.empty());
  CHECK(world.why("a")["timeline"].size() > 0);
  world.tombstones->failure.reset();
  world.logs->removal_failure = some_cause(CauseKind::store_failed);
  world.advance(Duration{6000});
  CHECK(world.tombstones->kept.contains("a"));
  CHECK(world.events("resource.released").empty());
  world.logs->removal_failure.reset();
  world.advance(Duration{6000});
  CHECK(world.events("resource.released").size() == 1);
}

TEST_CASE("tombstones go when their time is up, with all that is known of their session",
          "[caf][ledger]") {
  Fixture world;
  world.environment->settings.keep_tombstones = Duration{10'000};
  world.begin("a");
  world.tell(world.ledger, SaveToken{"digest", "a", TokenUse::session, std::nullopt});
  world.end("a");
  world.advance(Duration{5'000});
  world.begin("b");
  world.end("b");
  world.advance(Duration{4'900});
  CHECK(world.document("a"));
  world.advance(Duration{200});
  CHECK_FALSE(world.document("a"));
  CHECK(world.why("a").is_null());
  CHECK(world.why("vm of a").is_null());
  CHECK(world.ask<TokenFound>(world.ledger, FindToken{"digest"}).session.empty());
  CHECK(world.tombstones->removed == std::vector<std::string>{"a"});
  CHECK(world.has_dropped("a"));
  CHECK(world.document("b"));
  world.advance(Duration{5'000});
  CHECK_FALSE(world.document("b"));
}

TEST_CASE("beyond their bytes the oldest tombstones go, but no held one", "[caf][ledger]") {
  Fixture world;
  world.environment->settings.max_tombstones_bytes = 2'500;
  for (const auto* id : {"held", "a", "b"}) {
    world.begin(id);
    world.end(id, std::string{id} == "held" ? std::vector<Hold>{{"evidence", "why"}}
                                            : std::vector<Hold>{});
    world.advance(Duration{10});
  }
  CHECK(world.tombstones->removed == std::vector<std::string>{"a"});
  CHECK(world.document("held"));
  CHECK(world.document("b"));
}

TEST_CASE("when space is wanted the oldest tombstone goes, if one may", "[caf][ledger]") {
  Fixture world;
  CHECK(world.ask<TombstoneDropped>(world.ledger, DropOldestTombstone{}).session.empty());
  world.begin("a");
  CHECK(world.ask<TombstoneDropped>(world.ledger, DropOldestTombstone{}).session.empty());
  world.end("a");
  SECTION("and says how much that was") {
    const auto dropped = world.ask<TombstoneDropped>(world.ledger, DropOldestTombstone{});
    CHECK(dropped.session == "a");
    CHECK(dropped.bytes == 1000);
    CHECK_FALSE(world.document("a"));
  }
  SECTION("even where the disk is too full to write that down first") {
    world.store->failure = some_cause(CauseKind::disk_full);
    CHECK(world.ask<TombstoneDropped>(world.ledger, DropOldestTombstone{}).session == "a");
  }
  SECTION("but not while the store fails for another reason") {
    world.store->failure = some_cause(CauseKind::store_failed);
    const auto dropped = world.ask<TombstoneDropped>(world.ledger, DropOldestTombstone{});
    CHECK(dropped.session.empty());
    CHECK(dropped.failure->kind == CauseKind::store_failed);
    CHECK(world.document("a"));
    CHECK(world.tombstones->removed.empty());
  }
}

TEST_CASE("a session that is over can be held and let go", "[caf][ledger]") {
  Fixture world;
  world.environment->settings.keep_tombstones = Duration{1'000};
  world.begin("a");
  world.end("a");
  const auto held = world.ask<HoldAnswer>(world.ledger, HoldEnded{"a", {"court", "a case"}});
  CHECK(held.hold->reason == "a case");
  CHECK_FALSE(held.failure);
  CHECK(world.events("hold.set").size() == 1);
  world.advance(Duration{5'000});
  REQUIRE(world.document("a"));
  CHECK(world.document("a")->holds.size() == 1);
  CHECK_FALSE(world.ask<HoldAnswer>(world.ledger, UnholdEnded{"a", "another"}).hold);
  CHECK(world.ask<HoldAnswer>(world.ledger, UnholdEnded{"a", "court"}).hold->name == "court");
  CHECK(world.events("hold.cleared").size() == 1);
  world.run();
  CHECK_FALSE(world.document("a"));
  CHECK_FALSE(world.ask<HoldAnswer>(world.ledger, HoldEnded{"a", {"late", ""}}).hold);
}

TEST_CASE("what a controller before did not come to do is done at the start", "[caf][ledger]") {
  Fixture world;
  StoreContents contents;
  for (const auto* id : {"unburied", "unsettled", "settled", "going", "goes on"})
    contents.sessions.push_back(Fixture::shared(Fixture::document_of(id, SessionState::ended)));
  contents.memories["goes on"] = {{"kind", "session"}};
  contents.tombstones = {{"unsettled", {}, 1, TombstoneState::complete, {}},
                         {"settled", world.environment->wall(), 1, TombstoneState::settled, {}},
                         {"going", {}, 1, TombstoneState::going, {}}};
  world.tombstones->kept.clear();
  world.ledger = world.start_ledger(contents);
  REQUIRE(world.tombstones->orders.size() == 1);
  CHECK(world.tombstones->orders.front().document->id == "unburied");
  CHECK(std::set<std::string>(world.logs->removed.begin(), world.logs->removed.end()) ==
        std::set<std::string>{"unburied", "unsettled"});
  CHECK(world.tombstones->removed.front() == "going");
  CHECK_FALSE(world.document("going"));
  CHECK(world.has_dropped("going"));
  CHECK(world.document("goes on"));
}

TEST_CASE("a guest waits with its release until the store works again", "[caf][ledger]") {
  Fixture world;
  world.begin("session");
  const auto owner = std::make_shared<Inbox>();
  const auto vm = world.start_vm(
      world.stand_in<VmOwnerActor>(owner, {[](const MayRelease&) { return ReleaseAllowed{true}; }}),
      "session");
  world.tell(vm, StartVm{});
  world.boot(world.machine());
  world.store->failure = some_cause(CauseKind::store_failed);
  world.record("anything", "session");
  world.tell(vm, DismantleVm{{"session", "vm", "p"}});
  world.machine()->reports->on_exited(exit_of("vmm", CauseKind::killed));
  world.run();
  world.advance(Duration{10'000});
  CHECK(world.tombstones->orders.empty());
  CHECK(world.events("resource.released").empty());
  world.store->failure.reset();
  world.advance(Duration{5'000});
  CHECK(world.tombstones->orders.size() == 1);
  CHECK(world.events("resource.released").size() == 3);
}
