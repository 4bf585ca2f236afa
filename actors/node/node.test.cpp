#include "actors/node/node.hpp"

#include <catch2/catch.hpp>

#include "actors/core/world.test.hpp"

using namespace aerie;
using namespace aerie::testing;

namespace {

/// The node with real sessions, VMs, reaper and ledger; only the machines are made up.
struct Fixture : World {
  void start() {
    reaper = start_reaper();
    node = start_node();
  }
  SessionCreated create(const SessionRequest& request) {
    return ask<SessionCreated>(node, CreateSession{request, "digest of secret"});
  }
  SessionCreated create() { return create(wish()); }
  SessionActor session(const std::string& id) {
    return ask<SessionActorFound>(node, FindSessionActor{id}).actor;
  }
  NodeFigures figures() { return ask<NodeFigures>(node, AskNodeFigures{}); }
  void retire(const std::string& id) {
    tell(reaper, ProposeRetirement{id, session(id), RetireReason::requested, "owner", true});
  }
  void exit(std::size_t index) {
    machine(index)->reports->on_exited(exit_of("vmm", CauseKind::killed));
    run();
  }
  void want_warm(std::size_t size) { environment->settings.pool = {{"browser", "process", size}}; }

  NodeActor node;
  ReaperActor reaper;
};

}  // namespace

TEST_CASE("a session is created, boots, and is retired without a trace", "[caf][node]") {
  Fixture world;
  world.start();
  const auto created = world.create();
  REQUIRE(created.document);
  const auto id = created.document->id;
  CHECK(created.document->vm_address == "10.77.0.1");
  CHECK(world.document(id)->state == SessionState::starting);
  CHECK(world.ask<TokenFound>(world.environment->directory.ledger(), FindToken{"digest of secret"})
            .session == id);
  CHECK(world.machine()->spec.configure.url == "https://example.org/");
  world.boot(world.machine());
  CHECK(world.document(id)->state == SessionState::ready);
  CHECK(world.figures().sessions == 1);

  world.retire(id);
  CHECK(world.document(id)->state == SessionState::retiring);
  CHECK(world.machine()->sent_of<link::Stop>().size() == 1);
  world.exit(0);
  CHECK(world.document(id)->state == SessionState::ended);
  CHECK(world.events("resource.released").size() == 4);
  CHECK(world.figures().sessions == 0);
  CHECK(world.figures().vms == 0);
  CHECK_FALSE(world.session(id));
  const auto why = world.why(id);
  CHECK(why["retirement"]["by"] == "owner");
  CHECK(why["retirement"]["answers"].at(0)["answer"] == "grant");
  CHECK(why["exits"].at(0)["child"] == "vmm");
}

TEST_CASE("quotas refuse with the numbers", "[caf][node]") {
  Fixture world;
  auto& settings = world.environment->settings;
  std::string expected;
  SECTION("sessions") {
    settings.max_sessions = 1;
    expected = "All 1 sessions of limits.sessions are in use.";
  }
  SECTION("memory") {
    settings.max_memory_mib = 2000;
    expected = "This guest would bring the memory in use to 2048 MiB of limits.memoryMiB = 2000.";
  }
  SECTION("processors") {
    settings.max_cpus = 3.5;
    expected =
        "This guest would bring the processors in use to 4 of 3.5 that "
        "limits.cpuOvercommit allows.";
  }
  world.start();
  const auto first = world.create();
  REQUIRE(first.document);
  const auto refused = world.create();
  REQUIRE(refused.refusal);
  CHECK(refused.refusal->kind == CauseKind::quota);
  CHECK(refused.refusal->message == expected);
  // A failed session whose guest is gone counts for disk only.
  world.machine()->reports->on_failed(some_cause(CauseKind::sandbox_failed));
  world.run();
  CHECK(world.document(first.document->id)->state == SessionState::failed);
  CHECK(world.create().document);
}

TEST_CASE("what a machine needs beyond its profile counts, of memory and of disk", "[caf][node]") {
  Fixture world;
  constexpr std::int64_t mib = 1 << 20;
  world.driver->needed = {100, 64 * mib};
  world.environment->settings.max_memory_mib = 2500;
  world.environment->settings.min_free_bytes = 512 * mib;
  world.start();
  const auto space = [&](std::int64_t free_mib) {
    caf::anon_send(world.environment->directory.node(), DiskSpace{free_mib * mib, 100'000 * mib});
    world.run();
  };
  REQUIRE(world.create().document);  // nothing is known of the disk yet
  space(575);
  CHECK(world.create().refusal->message ==
        "This guest needs 64 MiB of disk: 575 MiB are free beneath the state directory, and "
        "retention.minFreeBytes keeps 512 MiB.");
  space(576);
  REQUIRE(world.create().document);
  CHECK(world.create().refusal->message ==
        "This guest would bring the memory in use to 3372 MiB of limits.memoryMiB = 2500.");
}

TEST_CASE("addresses are unique and given back", "[caf][node]") {
  Fixture world;
  world.start();
  std::set<std::string> addresses;
  std::vector<std::string> ids;
  for (int i = 0; i < 6; ++i) {
    const auto created = world.create();
    REQUIRE(created.document);
    addresses.insert(created.document->vm_address);
    ids.push_back(created.document->id);
  }
  CHECK(addresses.size() == 6);
  CHECK(world.create().refusal->message == "Every address of network.pool is in use.");
  world.boot(world.machine(2));
  world.retire(ids.at(2));
  CHECK(world.create().refusal);
  world.exit(2);
  CHECK(world.create().document->vm_address == "10.77.0.3");
}

TEST_CASE("a node that drains takes nothing new", "[caf][node]") {
  Fixture world;
  world.start();
  world.create();
  CHECK(world.ask<Drained>(world.node, DrainNode{false, "operator", Duration{0}}).left == 1);
  CHECK(world.create().refusal->kind == CauseKind::requested);
  CHECK(world.figures().draining);
  CHECK(world.figures().sessions == 1);
}

TEST_CASE("a drain that stops guests answers when all is gone", "[caf][node]") {
  Fixture world;
  world.want_warm(1);
  world.start();
  world.create();
  REQUIRE(world.driver->machines.size() == 2);
  for (const auto& each : world.driver->machines)
    world.boot(each);
  const auto drained =
      world.ask_later<Drained>(world.node, DrainNode{true, "controller", Duration{20'000}});
  CHECK_FALSE(drained->has_value());
  CHECK(world.events("retire.proposed").front()->data["reason"] == "shutdown");
  world.exit(0);
  CHECK_FALSE(drained->has_value());
  world.exit(1);
  REQUIRE(drained->has_value());
  CHECK((*drained)->left == 0);
  CHECK(world.driver->machines.size() == 2);
}

TEST_CASE("a drain answers at its deadline with what is left", "[caf][node]") {
  Fixture world;
  world.start();
  world.create();
  world.boot(world.machine());
  const DrainNode wish{true, "controller", Duration{3'000}};
  const auto first = world.ask_later<Drained>(world.node, wish);
  const auto second = world.ask_later<Drained>(world.node, wish);
  world.advance(Duration{3'050});
  REQUIRE(first->has_value());
  CHECK((*first)->left == 1);
  CHECK(second->has_value());
}

TEST_CASE("the warm pool is filled, taken from and filled again", "[caf][node]") {
  Fixture world;
  world.want_warm(1);
  world.start();
  REQUIRE(world.driver->machines.size() == 1);
  CHECK(world.machine()->spec.configure.session.empty());
  CHECK(world.figures().warm == 0);
  REQUIRE(world.figures().pool.size() == 1);
  CHECK(world.figures().pool[0].starting == 1);
  world.boot(world.machine());
  CHECK(world.figures().warm == 1);
  CHECK(world.figures().pool[0].wanted == 1);
  CHECK(world.figures().pool[0].ready == 1);
  world.advance(Duration{100});
  CHECK(world.figures().pool[0].oldest >= Duration{100});

  auto particular = world.wish();
  particular.env = {{"KEY", "value"}};
  CHECK(world.create(particular).document);
  CHECK(world.figures().warm == 1);
  particular = world.wish();
  particular.display = DisplaySize{640, 480, 10};
  CHECK(world.create(particular).document);
  CHECK(world.figures().warm == 1);

  const auto taken = world.create();
  CHECK(taken.document->vm_id == world.machine()->spec.vm);
  CHECK(world.machine()->sent_of<link::Assign>().front().url == "https://example.org/");
  CHECK(world.document(taken.document->id)->state == SessionState::ready);
  CHECK(world.figures().warm == 0);
  // Not while the session that took it starts.
  CHECK(world.driver->machines.size() == 3);
  world.advance(Duration{3'050});
  CHECK(world.driver->machines.size() == 4);
}

TEST_CASE("a warm guest is not beyond the quota of sessions", "[caf][node]") {
  Fixture world;
  world.want_warm(1);
  world.environment->settings.max_sessions = 0;
  world.start();
  world.boot(world.machine());
  CHECK(world.create().refusal->kind == CauseKind::quota);
}

TEST_CASE("warm guests that will not live are not started for ever", "[caf][node]") {
  Fixture world;
  world.want_warm(1);
  world.start();
  for (std::size_t i = 0; i < 3; ++i) {
    REQUIRE(world.driver->machines.size() == i + 1);
    world.machine(i)->reports->on_failed(some_cause(CauseKind::sandbox_failed));
    world.run();
  }
  CHECK(world.driver->machines.size() == 3);
  world.advance(Duration{30'050});
  CHECK(world.driver->machines.size() == 4);
}

TEST_CASE("a session's actor that fails leaves a cause, its holds and a stopped guest",
          "[caf][node]") {
  Fixture world;
  world.start();
  const auto id = world.create().document->id;
  world.boot(world.machine());
  world.ask<HoldAnswer>(world.session(id), SetHold{{"evidence", "A look at it."}});
  world.crash(world.session(id));
  const auto document = world.document(id);
  CHECK(document->state == SessionState::failed);
  CHECK(document->cause->kind == CauseKind::controller_restarted);
  CHECK(document->holds.size() == 1);
  CHECK(world.why(id)["cause"]["kind"] == "controller-restarted");
  CHECK(world.events("session.state").back()->data["state"] == "failed");
  CHECK(world.machine()->sent_of<link::Stop>().size() == 1);
  CHECK_FALSE(world.session(id));
  world.exit(0);
  CHECK_FALSE(world.machine()->was("release directory"));
}

TEST_CASE("a VM's actor that fails is followed by one that brings its guest down", "[caf][node]") {
  Fixture world;
  world.start();
  const auto created = world.create();
  world.boot(world.machine());
  const auto first = created.document->vm_id;
  world.crash(world.ask<VmActorFound>(world.node, FindVmActor{first}).actor);
  CHECK(world.machine(1)->was("adopt"));
  CHECK(world.events("vm.state").back()->data["cause"]["kind"] == "controller-restarted");
  world.machine(1)->reports->on_started(1000);
  world.run();
  CHECK(world.machine(1)->was("kill controller"));
  world.exit(1);

  // Its session goes on in a fresh one; what the first held is released in its turn.
  const auto document = world.document(created.document->id);
  CHECK(document->state == SessionState::ready);
  CHECK(document->vm_id != first);
  CHECK(document->vm_address == "10.77.0.2");
  CHECK(world.machine(1)->was("release directory"));
  CHECK(world.events("resource.released").size() == 3);
  world.boot(world.machine(2));
  world.retire(created.document->id);
  world.exit(2);
  CHECK(world.document(created.document->id)->state == SessionState::ended);
  CHECK(world.events("resource.released").size() == 7);
}

TEST_CASE("what a failed session's actor left goes when its time is over", "[caf][node]") {
  Fixture world;
  world.start();
  const auto id = world.create().document->id;
  world.boot(world.machine());
  world.crash(world.session(id));
  world.exit(0);
  const auto quarantined = world.events("resource.quarantined");
  CHECK(world.machine()->was("release directory") == false);
  world.advance(world.environment->settings.failed_retention + Duration{1000});
  CHECK(world.machine()->was("release directory"));
  CHECK(world.events("resource.released").size() == 4);
  CHECK(world.events("retire.granted").back()->data["reason"] == "orphan");
  CHECK(world.document(id)->state == SessionState::failed);
  CHECK(world.why(id)["retirement"].is_null());
}

TEST_CASE("a guest that nobody knows is quarantined, then removed", "[caf][node]") {
  Fixture world;
  Orphan stray;
  stray.vm = "stray";
  stray.slot = 0;
  stray.resources = {{"", "", "stray", "directory", "vms/stray"}};
  stray.cause = some_cause(CauseKind::controller_restarted);
  world.driver->present = {stray};
  world.start();
  world.tell(world.node, ReaperBegins{});
  REQUIRE(world.events("resource.quarantined").size() == 1);
  CHECK(world.events("resource.quarantined").front()->data["name"] == "vms/stray");
  CHECK(world.create().document->vm_address == "10.77.0.2");  // it may still have the first
  world.advance(world.environment->settings.quarantine + Duration{1000});
  const auto& machine = *world.machine(1);
  CHECK(machine.spec.vm == "stray");
  CHECK(machine.calls == std::vector<std::string>{"adopt"});
  machine.reports->on_failed(some_cause(CauseKind::controller_restarted));
  world.run();
  CHECK(machine.was("release directory"));
  CHECK(world.events("resource.released").size() == 1);
}

TEST_CASE("a store that fails refuses the session and gives everything back", "[caf][node]") {
  Fixture world;
  world.start();
  world.store->failure = some_cause(CauseKind::disk_full);
  CHECK(world.create().refusal->kind == CauseKind::disk_full);
  CHECK(world.figures().sessions == 0);
  CHECK(world.figures().vms == 0);
  CHECK(world.driver->machines.empty());
  world.store->failure.reset();
  world.advance(Duration{2'000});  // the ledger tries by itself
  for (int i = 0; i < 6; ++i)
    CHECK(world.create().document);
}

TEST_CASE("a session that is retired while it is written down does no harm", "[caf][node]") {
  Fixture world;
  world.start();
  world.store->is_automatic = false;
  const auto created =
      world.ask_later<SessionCreated>(world.node, CreateSession{world.wish(), "digest"});
  const auto drained =
      world.ask_later<Drained>(world.node, DrainNode{true, "controller", Duration{20'000}});
  for (std::size_t i = 0; i < world.store->batches.size(); ++i) {
    world.store->finish();
    world.run();
  }
  CHECK(created->has_value());
  REQUIRE(drained->has_value());
  CHECK((*drained)->left == 0);
  CHECK(world.figures().sessions == 0);
}

TEST_CASE("sessions and VMs end with their node", "[caf][node]") {
  Fixture world;
  world.start();
  const auto created = world.create();
  const auto ended = std::make_shared<int>(0);
  world.session(created.document->id)->attach_functor([ended] { ++*ended; });
  world.ask<VmActorFound>(world.node, FindVmActor{created.document->vm_id})
      .actor->attach_functor([ended] { ++*ended; });
  world.crash(world.node);
  CHECK(*ended == 2);
}
