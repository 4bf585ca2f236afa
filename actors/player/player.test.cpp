#include "actors/player/player.hpp"

#include <catch2/catch.hpp>

#include "actors/core/world.test.hpp"

using namespace aerie;
using namespace aerie::testing;

namespace {

/// A player whose session only listens.
struct Fixture : World {
  explicit Fixture(Player::Place place = {"resource", "ufrag", "", 0})
      : session(stand_in<SessionActor>(heard)),
        player(keep(system.system().spawn<Player>(session, std::move(place)))) {
    player->attach_functor([is_gone = is_gone] { *is_gone = true; });
  }

  void say(Json message) { tell(player, Deliver{std::move(message)}); }
  std::shared_ptr<std::optional<PlayerOpened>> wait() {
    return ask_later<PlayerOpened>(player, AwaitAnswer{"viewer"});
  }
  [[nodiscard]] std::vector<std::string> candidates() const {
    std::vector<std::string> found;
    for (const auto& said : heard->all<ViewerSays>())
      found.push_back(std::get<signaling::Candidate>(said.message).candidate);
    return found;
  }

  std::shared_ptr<bool> is_gone = std::make_shared<bool>(false);
  std::shared_ptr<Inbox> heard = std::make_shared<Inbox>();
  SessionActor session;
  PlayerActor player;
};

const Json answer{{"type", "answer"}, {"epoch", 7U}, {"sdp", "v=0 ours"}};

}  // namespace

TEST_CASE("a player waits for its answer, and for nothing else", "[caf][player]") {
  Fixture world;
  const auto opened = world.wait();
  world.say({{"type", "welcome"}});
  world.say({{"type", "retire"}, {"proposal", "p"}});
  world.say({{"type", 7}});
  CHECK_FALSE(*opened);
  world.say(answer);
  REQUIRE(*opened);
  CHECK((*opened)->answer == "v=0 ours");
  CHECK((*opened)->resource == "resource");
  CHECK_FALSE((*opened)->refusal);
  world.say(answer);  // a guest that answers twice
  CHECK(world.heard->count<ViewerGone>() == 0);
}

TEST_CASE("candidates go to its epoch, those of another ICE session nowhere", "[caf][player]") {
  Fixture world;
  const auto opened = world.wait();
  world.say(answer);
  const auto add = [&](const std::string& ufrag) {
    return world.ask<PlayerAnswer>(world.player, PlayerCandidates{"resource", ufrag, {"a", "b"}});
  };
  CHECK_FALSE(add("ufrag").refusal);
  CHECK(world.candidates() == std::vector<std::string>{"a", "b"});
  const auto said = world.heard->last<ViewerSays>();
  CHECK(said.viewer == "viewer");
  CHECK(std::get<signaling::Candidate>(said.message).epoch == 7);
  CHECK(add("fresh").refusal->code == "no-restart");
  CHECK(world.candidates().size() == 2);
  CHECK_FALSE(add("").refusal);
  CHECK(world.candidates().size() == 4);
}

TEST_CASE("a player that is closed is gone for good", "[caf][player]") {
  Fixture world;
  const auto opened = world.wait();
  world.say(answer);
  CHECK_FALSE(world.ask<PlayerAnswer>(world.player, ClosePlayer{"resource"}).refusal);
  const auto gone = world.heard->last<ViewerGone>();
  CHECK(gone.viewer == "viewer");
  CHECK(gone.is_over);
  CHECK(*world.is_gone);
}

TEST_CASE("a peer that is lost takes its player along, with the guest's words", "[caf][player]") {
  Fixture world;
  const auto opened = world.wait();
  SECTION("before the answer") {
    world.say({{"type", "peer-lost"}, {"code", "not-acceptable"}, {"reason", "no codec of ours"}});
    REQUIRE(*opened);
    CHECK((*opened)->refusal->code == "not-acceptable");
    CHECK_THAT((*opened)->refusal->message, Catch::Contains("no codec of ours"));
  }
  SECTION("before the answer, by a guest that says too much or too little") {
    const auto reason = GENERATE(Json(std::string(60'000, 'x')), Json(nullptr), Json(7));
    world.say({{"type", "peer-lost"}, {"reason", reason}});
    CHECK((*opened)->refusal->code == "unavailable");
    CHECK((*opened)->refusal->message.size() < 400);
  }
  SECTION("an answer that is none") {
    world.say({{"type", "answer"}, {"epoch", 7U}, {"sdp", "nonsense"}});
    CHECK((*opened)->refusal->code == "unavailable");
  }
  SECTION("after it") {
    world.say(answer);
    world.say({{"type", "peer-lost"}, {"code", ""}, {"reason", "failed"}});
    CHECK_FALSE((*opened)->refusal);
  }
  CHECK(world.heard->count<ViewerGone>() == 1);
  CHECK(world.heard->last<ViewerGone>().is_over);
  CHECK(*world.is_gone);
}

TEST_CASE("a player ends with its session, which need not be told", "[caf][player]") {
  Fixture world;
  const auto opened = world.wait();
  SECTION("that is over") {
    world.tell(world.player, Hang{1000, "ended"});
    CHECK((*opened)->refusal->code == "conflict");
    CHECK(world.heard->count<ViewerGone>() == 0);
  }
  SECTION("whose actor failed") {
    world.crash(world.session);
    CHECK((*opened)->refusal->code == "unavailable");
  }
  CHECK(*world.is_gone);
}

TEST_CASE("a player of the controller before goes on", "[caf][player]") {
  Fixture world{{"resource", "", "viewer", 7}};
  CHECK_FALSE(
      world.ask<PlayerAnswer>(world.player, PlayerCandidates{"resource", "whatever", {"late"}})
          .refusal);
  CHECK(std::get<signaling::Candidate>(world.heard->last<ViewerSays>().message).epoch == 7);
  CHECK_FALSE(world.ask<PlayerAnswer>(world.player, ClosePlayer{"resource"}).refusal);
  CHECK(world.heard->last<ViewerGone>().viewer == "viewer");
}
