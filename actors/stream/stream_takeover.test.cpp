#include <catch2/catch.hpp>

#include "actors/stream/stream_fixture.test.hpp"

using namespace aerie;
using namespace aerie::testing;

namespace {

/// A viewer whose first peer is connected, and in control.
struct Watched : StreamFixture {
  Watched() {
    come_up();
    tell(stream, AddWatcher{"a", false});
    tell(stream, ControlMoved{"a"});
    offer(1);
    answer("a", 1);
    peer_is(1, "connected");
  }
  /// The session's answer where the viewer has a socket.
  void fall_silent(std::uint64_t epoch) {
    const auto before = heard->count<StreamToViewer>();
    peer_is(epoch, "silent");
    if (heard->count<StreamToViewer>() > before) tell(stream, ViewerRenegotiates{"a"});
  }
  [[nodiscard]] std::set<std::uint64_t> living() const {
    return heard->last<StreamEpochs>().living;
  }
  [[nodiscard]] Json in_control() const { return told("control").back()["epoch"]; }
};

}  // namespace

TEST_CASE("beside a peer that is silent another is offered, and takes over once connected",
          "[caf][stream]") {
  Watched world;
  world.peer_is(1, "silent");
  CHECK(world.to_viewer() == Json{{"type", "silent"}, {"epoch", 1}});
  CHECK(world.told("add").size() == 1);  // the session has to say that there is a socket
  world.tell(world.stream, ViewerRenegotiates{"a"});
  CHECK(world.told("add").back() ==
        Json{{"type", "add"}, {"epoch", 2}, {"media", "main"}, {"beside", 1}});
  CHECK(world.told("remove").empty());
  CHECK(world.living() == std::set<std::uint64_t>{1, 2});
  CHECK(world.in_control() == 1);
  world.tell(world.stream, ControlMoved{"a"});
  CHECK(world.in_control() == 1);

  world.offer(2);
  world.answer("a", 2);
  CHECK(world.in_control() == 1);
  world.peer_is(2, "connected");
  CHECK(world.in_control() == 2);
  CHECK(world.told("remove").empty());  // the streamer lets it go when the picture has moved
  world.peer_is(1, "closed");
  CHECK(world.living() == std::set<std::uint64_t>{2});
  CHECK(world.told("add").size() == 2);
  // From here on it is a peer like any other.
  world.tell(world.stream, ViewerRenegotiates{"a"});
  CHECK(world.told("add").back() == Json{{"type", "add"}, {"epoch", 3}, {"media", "main"}});
  CHECK(world.told("remove").back()["epoch"] == 2);
}

TEST_CASE("a long silence costs one peer, and none while an offer is unanswered", "[caf][stream]") {
  Watched world;
  world.fall_silent(1);
  REQUIRE(world.told("add").size() == 2);
  world.advance(Duration{5'000});
  world.fall_silent(1);
  world.offer(2);
  world.fall_silent(1);
  world.fall_silent(2);
  CHECK(world.told("add").size() == 2);
  // Withdrawn like any offer; the peer before lives on.
  world.advance(Duration{15'000});
  CHECK(world.to_viewer()["code"] == "answer-timeout");
  CHECK(world.living() == std::set<std::uint64_t>{1});
  CHECK(world.told("add").size() == 2);
  CHECK(world.in_control() == 1);
  // It was heard again, and then not: another silence.
  world.fall_silent(1);
  CHECK(world.told("add").back()["beside"] == 1);
  CHECK(world.told("add").size() == 3);
}

TEST_CASE("a guest that calls its viewer silent all the time is not believed", "[caf][stream]") {
  Watched world;
  for (int i = 0; i < 20; ++i) {
    world.fall_silent(1);
    world.peer_is(world.told("add").back()["epoch"], "failed");
  }
  CHECK(world.told("add").size() == 2);
  CHECK(world.living() == std::set<std::uint64_t>{1});
}

TEST_CASE("of a peer and the one beside it each can be lost alone", "[caf][stream]") {
  Watched world;
  world.fall_silent(1);
  world.offer(2);
  SECTION("the one before: the other is the viewer's, and has control") {
    world.peer_is(1, "failed");
    CHECK(world.living() == std::set<std::uint64_t>{2});
    CHECK(world.in_control() == 2);
    CHECK(world.told("add").size() == 2);
    world.answer("a", 2);
    world.peer_is(2, "failed");
    CHECK(world.told("add").back() == Json{{"type", "add"}, {"epoch", 3}, {"media", "main"}});
  }
  SECTION("the one beside: the viewer keeps its own") {
    world.answer("a", 2);
    world.peer_is(2, "failed");
    CHECK(world.living() == std::set<std::uint64_t>{1});
    CHECK(world.told("add").size() == 2);
    world.peer_is(1, "failed");
    CHECK(world.told("add").back() == Json{{"type", "add"}, {"epoch", 3}, {"media", "main"}});
  }
  SECTION("the viewer itself") {
    world.tell(world.stream, RemoveWatcher{"a"});
    CHECK(world.living().empty());
    CHECK(world.told("remove").size() == 2);
  }
}

TEST_CASE("a viewer that asks for itself meanwhile gets the newest", "[caf][stream]") {
  Watched world;
  world.fall_silent(1);
  world.tell(world.stream, ViewerRenegotiates{"a"});
  CHECK(world.told("add").size() == 2);  // an offer is on its way as it is
  world.offer(2);
  world.tell(world.stream, ViewerRenegotiates{"a"});
  CHECK(world.told("add").back() ==
        Json{{"type", "add"}, {"epoch", 3}, {"media", "main"}, {"beside", 1}});
  CHECK(world.told("remove").back()["epoch"] == 2);
  CHECK(world.living() == std::set<std::uint64_t>{1, 3});
}

TEST_CASE("a viewer has two peers at most, whether or not the streamer lets one go",
          "[caf][stream]") {
  Watched world;
  for (std::uint64_t epoch = 1; epoch < 5; ++epoch) {
    world.fall_silent(epoch);
    world.offer(epoch + 1);
    world.answer("a", epoch + 1);
    world.peer_is(epoch + 1, "connected");
    CHECK(world.living() == std::set<std::uint64_t>{epoch, epoch + 1});
    CHECK(world.in_control() == epoch + 1);
  }
}

TEST_CASE("nothing is offered to players that are silent, nor for the sake of sound",
          "[caf][stream]") {
  StreamFixture world;
  world.add_audio();
  world.come_up();
  world.tell(world.stream, ViewerOffers{"p", "v=0"});
  world.peer_is(1, "connected");
  world.tell(world.stream, AddWatcher{"a", true});
  world.offer(3);
  world.answer("a", 3, "audio");
  const auto before = world.heard->count<StreamToViewer>();
  world.peer_is(1, "silent");
  world.peer_is(2, "silent");  // not answered yet
  world.peer_is(3, "silent");
  CHECK(world.heard->count<StreamToViewer>() == before);
}
