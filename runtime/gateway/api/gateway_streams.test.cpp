#include <catch2/catch.hpp>

#include "runtime/gateway/api/event_text.hpp"
#include "runtime/gateway/api/gateway_fixture.test.hpp"

namespace aerie::testing {

namespace {

EventPtr event(std::uint64_t seq) {
  Event event;
  event.seq = seq;
  event.kind = "session.state";
  event.data = {{"state", "ready"}};
  return std::make_shared<const Event>(event);
}

}  // namespace

TEST_CASE("an event is written with its seq and kind", "[gateway][events]") {
  const auto text = event_text(*event(7));
  CHECK(text.starts_with("id: 7\nevent: session.state\ndata: {"));
  CHECK(text.ends_with("}\n\n"));
  // What a guest wrote can't begin another event.
  Event hostile;
  hostile.kind = "child.exited";
  hostile.data = {{"tail", {"a\n\nevent: session.state\n\xff"}}};
  const auto safe = event_text(hostile);
  CHECK(safe.find("\n\n") == safe.size() - 2);
  CHECK(safe.find("\nevent: session.state") == std::string::npos);
}

TEST_CASE("a reader that comes back begins where it was", "[gateway][events]") {
  HttpRequest request;
  CHECK_FALSE(begin_of(request));
  request.query = {{"since", "5"}};
  CHECK(begin_of(request) == 5);
  request.headers = {{"last-event-id", "9"}};
  CHECK(begin_of(request) == 9);
  request.headers = {{"last-event-id", "x"}};
  CHECK(begin_of(request) == 5);
}

TEST_CASE("events stream as they are recorded", "[gateway][events]") {
  GatewayFixture fixture;
  fixture.gap = 3;
  const auto id = fixture.ask({.path = "/api/v1/events", .query = {{"since", "0"}}});
  CHECK(fixture.subscriptions.back().since == 0);
  CHECK(fixture.subscriptions.back().session.empty());
  const auto& stream = fixture.server->streams.at(id);
  CHECK(stream.head.content_type == "text/event-stream");
  CHECK(stream.head.body.find("event: gap\ndata: {\"oldest\":3}\n\n") != std::string::npos);
  post(fixture.gateway, Recorded{id, event(4)});
  fixture.system.run();
  CHECK(stream.written == event_text(*event(4)));
  fixture.system.advance(Duration{15'000});
  CHECK(stream.written == event_text(*event(4)) + ":\n\n");
  post(fixture.gateway, HttpGone{id});
  fixture.system.run();
  CHECK(fixture.unsubscriptions.back().number == id);
  post(fixture.gateway, Recorded{id, event(5)});
  fixture.system.run();
  CHECK(stream.written.find("id: 5") == std::string::npos);
}

TEST_CASE("a session token gets that session's events", "[gateway][events]") {
  GatewayFixture fixture;
  fixture.ask({.path = "/api/v1/events", .token = "owner"});
  CHECK(fixture.subscriptions.back().session == GatewayFixture::known);
  CHECK_FALSE(fixture.subscriptions.back().since);
}

TEST_CASE("a wrong place to begin is refused", "[gateway][events]") {
  GatewayFixture fixture;
  CHECK(fixture.outcome({.path = "/api/v1/events", .query = {{"since", "-1"}}}) ==
        "422 bad-field since");
}

TEST_CASE("logs are read as asked", "[gateway][logs]") {
  GatewayFixture fixture;
  const auto path = std::string("/api/v1/sessions/") + GatewayFixture::known + "/logs";
  const auto response = fixture.call(
      {.path = path, .query = {{"child", "browser"}, {"tail", "5"}, {"format", "jsonl"}}});
  CHECK(response.body == "kept\n");
  CHECK(response.content_type == "text/plain; charset=utf-8");
  const auto& query = fixture.logs->queries.back();
  CHECK(query.session == GatewayFixture::known);
  CHECK(query.child == "browser");
  CHECK(query.tail == 5);
  CHECK(query.jsonl);
  CHECK(fixture.outcome({.path = path, .query = {{"child", "../x"}}}) == "422 bad-field child");
  CHECK(fixture.outcome({.path = path, .query = {{"tail", "-1"}}}) == "422 bad-field tail");
  CHECK(fixture.outcome({.path = path, .query = {{"format", "xml"}}}) == "422 bad-field format");
}

TEST_CASE("followed logs stream until the session ends", "[gateway][logs]") {
  GatewayFixture fixture;
  const auto path = std::string("/api/v1/sessions/") + GatewayFixture::known + "/logs";
  const auto id = fixture.ask({.path = path, .query = {{"follow", "1"}}});
  fixture.logs->follower("one\n", false);
  const auto& stream = fixture.server->streams.at(id);
  CHECK(stream.written == "one\n");
  fixture.logs->follower("two\n", true);
  fixture.system.run();
  CHECK(stream.written == "one\ntwo\n");
  CHECK(stream.is_ended);
}

TEST_CASE("a console that is followed streams until its guest ends", "[gateway][logs]") {
  GatewayFixture fixture;
  const auto path = "/api/v1/vms/" + std::string{GatewayFixture::other} + "/console";
  fixture.logs->console = "Linux version 6\n";
  const auto id = fixture.ask({.path = path, .query = {{"follow", "1"}}});
  const auto& stream = fixture.server->streams.at(id);
  fixture.logs->live_console("more\n", false);
  CHECK(stream.written == "Linux version 6\nmore\n");
  CHECK_FALSE(stream.is_ended);
  fixture.logs->live_console(std::string{}, true);
  fixture.system.run();
  CHECK(stream.is_ended);
  CHECK(fixture.logs->unfollowed == 1);
}

TEST_CASE("a guest without a console has none to follow", "[gateway][logs]") {
  GatewayFixture fixture;
  const auto path = "/api/v1/vms/" + std::string{GatewayFixture::other} + "/console";
  CHECK(fixture.outcome({.path = path, .query = {{"follow", "1"}}}) == "404 not-found");
}

TEST_CASE("a follower that leaves is forgotten", "[gateway][logs]") {
  GatewayFixture fixture;
  const auto path = std::string("/api/v1/sessions/") + GatewayFixture::known + "/logs";
  const auto id = fixture.ask({.path = path, .query = {{"follow", "true"}}});
  post(fixture.gateway, HttpGone{id});
  fixture.system.run();
  CHECK(fixture.logs->unfollowed == 1);
}

}  // namespace aerie::testing
