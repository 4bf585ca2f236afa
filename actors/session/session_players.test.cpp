#include <catch2/catch.hpp>

#include "actors/session/session_fixture.test.hpp"

using namespace aerie;
using namespace aerie::testing;

namespace {

/// A session whose stream is up, with a streamer that the test plays.
struct Fixture : SessionFixture {
  Fixture() {
    become_ready();
    stream_comes_up();
  }

  auto open(const std::string& offer = "v=0\r\na=ice-ufrag:theirs\r\n") {
    return ask_later<PlayerOpened>(session, OpenPlayer{offer});
  }
  void says(Json body) { tell(session, VmStreamSays{"vm", std::move(body)}); }
  void answer(std::uint64_t epoch) {
    says({{"type", "answer"}, {"epoch", epoch}, {"sdp", "v=0 ours"}});
  }
  void peer(std::uint64_t epoch, const char* state) {
    says({{"type", "peer"}, {"epoch", epoch}, {"state", state}});
  }
  /// A player that has its answer and is connected.
  std::string watch() {
    const auto opened = open();
    const auto epoch = told().at("epoch").get<std::uint64_t>();
    answer(epoch);
    peer(epoch, "connected");
    return (*opened)->resource;
  }
  /// What the streamer was told last.
  [[nodiscard]] Json told() const { return vm_heard->last<SendStream>().body; }
  [[nodiscard]] std::size_t viewers() { return document()->viewers.size(); }
};

}  // namespace

TEST_CASE("a player is a viewer like any other", "[caf][session][player]") {
  Fixture world;
  const auto host = world.join(ViewerRole::host);
  const auto opened = world.open();
  CHECK(world.told()["type"] == "add");
  CHECK_THAT(world.told()["sdp"].get<std::string>(), Catch::StartsWith("v=0"));
  CHECK_FALSE(*opened);
  world.answer(2);
  REQUIRE(*opened);
  CHECK((*opened)->answer == "v=0 ours");
  CHECK(host.last("viewers")["viewers"].size() == 2);
  REQUIRE(world.viewers() == 2);
  const auto listed = Json(*world.document())["viewers"];
  const auto& player = listed[0].contains("via") ? listed[0] : listed[1];
  CHECK(player["via"] == "whep");
  CHECK(player["role"] == "viewer");
  CHECK(world.events("viewer.joined").size() == 2);
  CHECK(world.document()->stage == Stage::first_viewer);

  world.peer(2, "connected");
  world.peer(2, "first-frame");
  CHECK(world.document()->stages.back().first == Stage::first_frame);
  const auto done = world.ask<PlayerAnswer>(
      world.session, PlayerCandidates{(*opened)->resource, "theirs", {"candidate:1"}});
  CHECK_FALSE(done.refusal);
  CHECK(world.told()["type"] == "candidate");
  CHECK(world.told()["candidate"] == "candidate:1");
  CHECK(world.told()["epoch"] == 2);
  // It is given no control, for it has no input.
  world.control(host, signaling::ControlAction::give, player["id"].get<std::string>());
  CHECK(host.last("error")["code"] == "bad-field");
  CHECK(host.holder() == host.joined.viewer);

  CHECK_FALSE(world.ask<PlayerAnswer>(world.session, ClosePlayer{(*opened)->resource}).refusal);
  CHECK(world.told() == Json{{"type", "remove"}, {"epoch", 2}});
  CHECK(world.viewers() == 1);
  CHECK(host.last("viewers")["viewers"].size() == 1);
  CHECK(world.events("viewer.left").size() == 1);
  CHECK(world.ask<PlayerAnswer>(world.session, ClosePlayer{(*opened)->resource}).refusal->code ==
        "not-found");
}

TEST_CASE("a player is refused where it can't watch", "[caf][session][player]") {
  SECTION("the stream is not up") {
    SessionFixture world;
    const auto opened = world.ask<PlayerOpened>(world.session, OpenPlayer{"v=0"});
    CHECK(opened.refusal->code == "stream-not-up");
    CHECK(world.document()->viewers.empty());
    CHECK(world.events("viewer.joined").empty());
  }
  SECTION("all viewers are there") {
    Fixture world;
    world.environment->settings.max_viewers = 1;
    (void)world.join(ViewerRole::host);
    CHECK((*world.open())->refusal->code == "quota");
    CHECK(world.viewers() == 1);
  }
  SECTION("the streamer does not take the offer") {
    Fixture world;
    const auto opened = world.open();
    world.says({{"type", "peer"},
                {"epoch", 1U},
                {"state", "failed"},
                {"code", "not-acceptable"},
                {"reason", "no codec"}});
    CHECK((*opened)->refusal->code == "not-acceptable");
    CHECK(world.viewers() == 0);
  }
  SECTION("the streamer is of an earlier version, and offers") {
    Fixture world;
    const auto opened = world.open();
    world.says({{"type", "offer"}, {"epoch", 1U}, {"sdp", "o"}});
    CHECK((*opened)->refusal->code == "unavailable");
    CHECK(world.told()["type"] == "remove");
  }
  SECTION("the streamer is silent") {
    Fixture world;
    const auto opened = world.open();
    world.advance(Duration{14'900});
    CHECK_FALSE(*opened);
    world.advance(Duration{200});
    CHECK((*opened)->refusal->code == "unavailable");
    CHECK(world.told()["type"] == "remove");
    CHECK(world.viewers() == 0);
  }
  SECTION("nobody knows the resource") {
    Fixture world;
    CHECK(
        world.ask<PlayerAnswer>(world.session, PlayerCandidates{"nobody", "", {}}).refusal->code ==
        "not-found");
    CHECK(world.ask<PlayerAnswer>(world.session, ClosePlayer{""}).refusal->code == "not-found");
  }
}

TEST_CASE("a player goes with its peer", "[caf][session][player]") {
  Fixture world;
  SECTION("that is never connected") {
    const auto opened = world.open();
    world.answer(1);
    REQUIRE(*opened);
    CHECK(world.viewers() == 1);
    world.advance(Duration{15'100});
    CHECK(world.viewers() == 0);
    CHECK(world.told()["type"] == "remove");
  }
  SECTION("that is connected in time, and stays") {
    (void)world.watch();
    world.advance(Duration{60'000});
    CHECK(world.viewers() == 1);
    const auto state = GENERATE("failed", "closed");
    world.peer(1, state);
    CHECK(world.viewers() == 0);
    CHECK(world.told()["type"] == "remove");  // and no offer in its place
  }
  SECTION("whose streamer ends") {
    const auto resource = world.watch();
    auto exited = child_news(link::ChildNewsKind::exited, "stream");
    exited.exit = exit_of("stream", CauseKind::signal);
    world.tell(world.session, VmChildNews{"vm", exited});
    CHECK(world.viewers() == 0);
    const auto before = world.vm_heard->count<SendStream>();
    world.stream_comes_up();
    CHECK(world.vm_heard->count<SendStream>() == before);
    CHECK(world.ask<PlayerAnswer>(world.session, ClosePlayer{resource}).refusal->code ==
          "not-found");
  }
  SECTION("or with its session") {
    const auto resource = world.watch();
    world.propose(true);
    world.tell(world.session, VmFinished{"vm", some_cause(CauseKind::requested)});
    world.tell(world.session, VmDismantled{"vm"});
    CHECK(world.document()->viewers.empty());
  }
}

TEST_CASE("a player keeps a session from being idle, but is not asked", "[caf][session][player]") {
  Fixture world;
  const auto resource = world.watch();
  CHECK_FALSE(world.reaper->last<ExpectEnds>().at.contains(RetireReason::idle));
  SECTION("alone") {
    world.propose();
    CHECK(world.answers() == std::vector{RetireAnswer::grant});
  }
  SECTION("beside somebody who is") {
    const auto host = world.join(ViewerRole::host);
    world.propose();
    CHECK(world.answers().empty());
    (void)world.open();
    world.say(host, signaling::Release{"p"});
    CHECK(world.answers() == std::vector{RetireAnswer::grant});
  }
  SECTION("until it leaves") {
    (void)world.ask<PlayerAnswer>(world.session, ClosePlayer{resource});
    CHECK(world.reaper->last<ExpectEnds>().at.contains(RetireReason::idle));
  }
}
