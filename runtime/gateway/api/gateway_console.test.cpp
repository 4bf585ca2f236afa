#include <catch2/catch.hpp>

#include "runtime/gateway/api/gateway_fixture.test.hpp"

namespace aerie::testing {

namespace {

/// A gateway whose console only remembers what it was sent.
struct Counter {
  Counter() {
    console = fixture.system.stand_in<ConsoleActor>(inbox);
    fixture.environment->directory.put(console);
  }
  ~Counter() {
    fixture.environment->directory.put(ConsoleActor{});
    console = nullptr;
  }

  /// Asks for a command; the console has it when this returns.
  std::uint64_t begin(const std::string& line) {
    const auto id = next_id++;
    auto request = std::make_shared<HttpRequest>();
    request->id = id;
    request->method = "POST";
    request->path = "/api/v1/console";
    request->headers = {{"authorization", "Bearer operator"}};
    request->body = Json{{"line", line}}.dump();
    post(fixture.gateway, HttpArrived{request});
    fixture.system.run();
    return id;
  }
  std::shared_ptr<ConsoleReply> last_reply() { return inbox->all<RunCommand>().back().reply; }

  GatewayFixture fixture;
  std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
  ConsoleActor console;
  std::uint64_t next_id = 1000;
};

}  // namespace

TEST_CASE("a command's answer is whole, one object a line", "[gateway][console]") {
  Counter counter;
  const auto id = counter.begin("holds");
  CHECK(counter.inbox->all<RunCommand>().back().line == "holds");
  auto reply = counter.last_reply();
  reply->item({{"name", "a"}});
  reply->item({{"name", "b"}});
  CHECK(counter.fixture.server->responses.count(id) == 0);
  reply->end(std::nullopt);
  const auto& response = counter.fixture.server->responses.at(id);
  CHECK(response.status == 200);
  CHECK(response.content_type == "application/x-ndjson");
  CHECK(response.body ==
        "{\"item\":{\"name\":\"a\"}}\n{\"item\":{\"name\":\"b\"}}\n{\"end\":{\"fault\":null}}\n");
}

TEST_CASE("what goes on is streamed as it is flushed, and hanging up stops it",
          "[gateway][console]") {
  Counter counter;
  const auto id = counter.begin("events -f");
  auto reply = counter.last_reply();
  reply->item(1);
  reply->item(2);
  reply->flush();
  const auto& stream = counter.fixture.server->streams.at(id);
  CHECK(stream.head.body == "{\"item\":1}\n{\"item\":2}\n");
  reply->item(3);
  CHECK(stream.written.empty());
  reply->flush();
  CHECK(stream.written == "{\"item\":3}\n");
  counter.fixture.system.advance(Duration{15'000});
  CHECK(stream.written == "{\"item\":3}\n\n");

  CHECK(counter.inbox->all<StopCommand>().empty());
  post(counter.fixture.gateway, HttpGone{id});
  counter.fixture.system.run();
  REQUIRE(counter.inbox->all<StopCommand>().size() == 1);
  CHECK(counter.inbox->all<StopCommand>().back().reply == reply);
}

TEST_CASE("a command whose console is gone is told so, once", "[gateway][console]") {
  Counter counter;
  const auto id = counter.begin("tree");
  auto reply = counter.last_reply();
  const std::weak_ptr<ConsoleReply> weak = reply;
  reply->end(CommandFault{2, "usage", "So not.", "But so."});
  reply->end(std::nullopt);
  reply->document("too late");
  const auto lines = counter.fixture.server->responses.at(id).body;
  CHECK(Json::parse(lines)["end"]["fault"]["code"] == "usage");

  // Dropped without an end.
  HttpConsoleReply{counter.fixture.server, 7, [] {}};
  CHECK(Json::parse(counter.fixture.server->responses.at(7).body)["end"]["fault"]["code"] ==
        "unavailable");
}

TEST_CASE("a command's line is bounded and printable, and only an operator's",
          "[gateway][console]") {
  GatewayFixture fixture;
  const auto ask = [&](const std::string& token, const Json& body) {
    return fixture.outcome(
        {.method = "POST", .path = "/api/v1/console", .token = token, .body = body.dump()});
  };
  CHECK(ask("operator", Json::object()) == "422 missing-field line");
  CHECK(ask("operator", {{"line", ""}}) == "422 bad-field line");
  CHECK(ask("operator", {{"line", "tree\nkill"}}) == "422 bad-field line");
  CHECK(ask("operator", {{"line", std::string(4097, 'x')}}) == "422 bad-field line");
  CHECK(ask("operator", {{"line", "tree"}}) == "503 unavailable");
  CHECK(ask("observer", {{"line", "tree"}}) == "403 forbidden");
}

}  // namespace aerie::testing
