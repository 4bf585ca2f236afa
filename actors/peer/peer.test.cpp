#include "actors/peer/peer.hpp"

#include <catch2/catch.hpp>

#include "actors/core/world.test.hpp"

using namespace aerie;
using namespace aerie::testing;

namespace {

/// A peer, a session that lets everybody in, and a node that knows it.
struct Fixture : World {
  Fixture() {
    session = stand_in<SessionActor>(heard, {[this](const Join& join) {
                                       joins.push_back(join);
                                       return joined;
                                     }});
    environment->directory.put(stand_in<NodeActor>(
        std::make_shared<Inbox>(), {[this](const FindSessionActor& find) {
          return SessionActorFound{find.id == "session" ? session : SessionActor{}};
        }}));
    const auto ledger = environment->directory.ledger();
    for (const auto* id : {"session", "other"}) {
      SessionDocument document;
      document.id = id;
      document.state = SessionState::ended;
      document.end = SessionEnd{"owner", "requested", {}};
      ask<Saved>(ledger, SaveSession{std::make_shared<const SessionDocument>(document)});
      tell(ledger, SaveToken{std::string{"digest of "} + id, id, TokenUse::session, {}});
    }
    tell(ledger, SaveToken{"digest of watch", "session", TokenUse::watch, {}});
    peer = start_peer(7);
  }

  void say(const Json& message) { tell(peer, SocketText{message.dump()}); }
  void hello(const std::string& id, const std::string& token) {
    say({{"type", "hello"}, {"session", id}, {"token", token}, {"role", "viewer"}});
  }
  /// What the session would answer to a viewer's mistake.
  void deliver_error(const char* code) {
    tell(peer, Deliver{{{"type", "error"}, {"code", code}, {"message", "No."}, {"seq", 1}}});
  }
  [[nodiscard]] std::uint16_t code() const {
    const auto found = sockets->closed.find(7);
    return found == sockets->closed.end() ? std::uint16_t{0} : found->second;
  }
  [[nodiscard]] std::string error() const { return sockets->said(7, "error").back()["code"]; }

  std::shared_ptr<Inbox> heard = std::make_shared<Inbox>();
  std::vector<Join> joins;
  Joined joined{"viewer", std::nullopt};
  SessionActor session;
  PeerActor peer;
};

}  // namespace

TEST_CASE("a hello with the session's token joins", "[caf][peer]") {
  Fixture world;
  world.hello("session", "session");
  REQUIRE(world.joins.size() == 1);
  CHECK(world.joins.front().may_host);
  CHECK_FALSE(world.joins.front().is_operator);
  CHECK(world.code() == 0);
  world.tell(world.peer, Deliver{{{"type", "welcome"}, {"seq", 1}}});
  CHECK(world.sockets->admitted.contains(7));
  world.say({{"type", "ping"}, {"nonce", 3}});
  CHECK(world.heard->last<ViewerSays>().viewer == "viewer");
  world.tell(world.peer, SocketClosed{1001});
  CHECK(world.heard->last<ViewerGone>().viewer == "viewer");
}

TEST_CASE("the operator's token joins any session, a watch token only watches", "[caf][peer]") {
  Fixture world;
  world.hello("session", "operator");
  CHECK(world.joins.at(0).is_operator);
  world.peer = world.start_peer(8);
  world.hello("session", "watch");
  CHECK_FALSE(world.joins.at(1).may_host);
}

TEST_CASE("a hello that is not acceptable closes with 1008", "[caf][peer]") {
  Fixture world;
  SECTION("an unknown token") {
    world.hello("session", "guessed");
    CHECK(world.error() == "unauthorized");
  }
  SECTION("another's session") {
    world.hello("session", "other");
    CHECK(world.error() == "not-found");
  }
  SECTION("no such session") {
    world.hello("nowhere", "operator");
    CHECK(world.error() == "not-found");
  }
  SECTION("the observer's token") {
    world.hello("session", "observer");
    CHECK(world.error() == "unauthorized");
  }
  SECTION("something else first") {
    world.say({{"type", "ping"}, {"nonce", 3}});
    CHECK(world.error() == "protocol");
  }
  SECTION("no JSON") {
    world.tell(world.peer, SocketText{"hello?"});
    CHECK(world.error() == "bad-json");
  }
  SECTION("too large") {
    world.tell(world.peer, SocketTooLarge{});
    CHECK(world.error() == "too-large");
  }
  SECTION("refused by the session") {
    world.joined = {"", signaling::Refusal{"quota", "Full.", ""}};
    world.hello("session", "session");
    CHECK(world.error() == "quota");
  }
  CHECK(world.code() == 1008);
  CHECK_FALSE(world.sockets->admitted.contains(7));
  world.hello("session", "session");
  CHECK(world.heard->count<ViewerSays>() == 0);
}

TEST_CASE("ten errors within a minute close the socket", "[caf][peer]") {
  Fixture world;
  world.hello("session", "session");
  for (int i = 0; i < 9; ++i)
    world.deliver_error("bad-field");
  world.advance(Duration{60'000});
  for (int i = 0; i < 9; ++i)
    world.deliver_error("bad-field");
  for (int i = 0; i < 20; ++i)
    for (const auto* code : {"stale-epoch", "not-in-control", "no-such-proposal", "answer-timeout"})
      world.deliver_error(code);
  CHECK(world.code() == 0);
  world.deliver_error("rate-limited");
  CHECK(world.code() == 1008);
}

TEST_CASE("mistakes get their number from the session", "[caf][peer]") {
  Fixture world;
  world.hello("session", "session");
  world.say({{"type", "dance"}});
  CHECK(world.heard->last<ViewerRefused>().refusal.code == "unknown-type");
  world.tell(world.peer, SocketTooLarge{});
  CHECK(world.heard->last<ViewerRefused>().refusal.code == "too-large");
}

TEST_CASE("messages are limited by the second", "[caf][peer]") {
  Fixture world;
  world.hello("session", "session");
  for (int i = 0; i < 450; ++i)
    world.say({{"type", "ping"}, {"nonce", i}});
  CHECK(world.heard->count<ViewerSays>() == 399);  // the hello was the first of 400
  CHECK(world.heard->last<ViewerRefused>().refusal.code == "rate-limited");
  world.advance(Duration{100});
  for (int i = 0; i < 30; ++i)
    world.say({{"type", "ping"}, {"nonce", i}});
  CHECK(world.heard->count<ViewerSays>() == 419);
}

TEST_CASE("what is said before the welcome is kept in order", "[caf][peer]") {
  Fixture world;
  post(world.peer, SocketText{R"({"type":"hello","session":"session","token":"session",
                                  "role":"viewer"})"});
  for (int i = 0; i < 5; ++i)
    post(world.peer, SocketText{Json{{"type", "ping"}, {"nonce", i}}.dump()});
  world.run();
  const auto said = world.heard->all<ViewerSays>();
  REQUIRE(said.size() == 5);
  for (int i = 0; i < 5; ++i)
    CHECK(std::get<signaling::Ping>(said.at(static_cast<std::size_t>(i)).message).nonce == i);
}

TEST_CASE("a socket that goes while it is let in leaves no viewer behind", "[caf][peer]") {
  Fixture world;
  post(world.peer, SocketText{R"({"type":"hello","session":"session","token":"operator",
                                  "role":"viewer"})"});
  post(world.peer, SocketClosed{1001});
  world.run();
  CHECK(world.joins.size() == world.heard->count<ViewerGone>());
}

TEST_CASE("a session that has ended is welcomed, told, and closed with 1000", "[caf][peer]") {
  Fixture world;
  world.hello("other", "other");
  CHECK(types(world.sockets->said(7)) == std::vector<std::string>{"welcome", "ended"});
  const auto ended = world.sockets->said(7, "ended").front();
  CHECK(ended["by"] == "owner");
  CHECK(ended["reason"] == "requested");
  CHECK(ended["seq"] == 2);
  CHECK(world.code() == 1000);
}

TEST_CASE("a session's actor that fails lets its sockets come again", "[caf][peer]") {
  Fixture world;
  world.hello("session", "session");
  world.crash(world.session);
  CHECK(world.code() == 1012);
}
