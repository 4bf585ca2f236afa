#include <catch2/catch.hpp>

#include "runtime/gateway/api/gateway_fixture.test.hpp"
#include "runtime/gateway/api/ice_links.hpp"

namespace aerie::testing {

namespace {

using Request = GatewayFixture::Request;

const std::string endpoint = std::string("/whep/") + GatewayFixture::known;
const std::string resource = endpoint + "/" + GatewayFixture::other;

Request offer(const std::string& token = "watcher", const std::string& body = "v=0\r\n",
              const std::string& type = "application/sdp") {
  return {.method = "POST",
          .path = endpoint,
          .token = token,
          .body = body,
          .headers = {{"content-type", type}}};
}

Request patch(const std::string& body, const std::string& if_match = {}) {
  Request request{.method = "PATCH",
                  .path = resource,
                  .token = "watcher",
                  .body = body,
                  .headers = {{"content-type", "application/trickle-ice-sdpfrag"}}};
  if (!if_match.empty()) request.headers.emplace_back("if-match", if_match);
  return request;
}

}  // namespace

TEST_CASE("a player's offer is answered with a resource of its own", "[gateway][player]") {
  GatewayFixture fixture;
  fixture.environment->settings.ice_servers = Json::parse(
      R"([{"urls":"stun:stun.example"},
          {"urls":["turn:turn.example?transport=udp"],"username":"u\"","credential":"c\\"}])");
  const auto response = fixture.call(offer());
  CHECK(response.status == 201);
  CHECK(response.content_type == "application/sdp");
  CHECK(response.body == "v=0 ours");
  CHECK(find_pair(response.headers, "Location") == resource);
  CHECK(find_pair(response.headers, "ETag") == "\"" + std::string(GatewayFixture::other) + "\"");
  CHECK(find_pair(response.headers, "Accept-Patch") == "application/trickle-ice-sdpfrag");
  std::vector<std::string> links;
  for (const auto& [name, value] : response.headers)
    if (name == "Link") links.push_back(value);
  CHECK(links == std::vector<std::string>{
                     R"(<stun:stun.example>; rel="ice-server")",
                     R"(<turn:turn.example?transport=udp>; rel="ice-server"; username="u\""; )"
                     R"(credential="c\\"; credential-type="password")"});
  REQUIRE(fixture.players.size() == 1);
  CHECK(fixture.players.back().offer == "v=0\r\n");
  CHECK_FALSE(fixture.players.back().is_operator);
  CHECK(fixture.call(offer("operator")).status == 201);
  CHECK(fixture.players.back().is_operator);
}

TEST_CASE("who may watch a session may open a player, and nobody else", "[gateway][player]") {
  GatewayFixture fixture;
  CHECK(fixture.outcome(offer("")) == "401 unauthorized");
  CHECK(fixture.outcome(offer("stranger")) == "401 unauthorized");
  CHECK(fixture.outcome(offer("observer")) == "403 forbidden");
  for (const auto* token : {"owner", "watcher", "operator"})
    CHECK(fixture.outcome(offer(token)) == "201");
  auto request = offer();
  request.path = std::string("/whep/") + GatewayFixture::other;
  CHECK(fixture.outcome(request) == "404 not-found");
  request.token = "operator";
  CHECK(fixture.outcome(request) == "404 not-found");
  request.path = "/whep/nonsense";
  CHECK(fixture.outcome(request) == "404 not-found");
  CHECK(fixture.players.size() == 3);
}

TEST_CASE("what is no offer is refused before anybody hears of it", "[gateway][player]") {
  GatewayFixture fixture;
  CHECK(fixture.outcome(offer("watcher", "v=0", "application/json")) ==
        "415 unsupported-type Content-Type");
  CHECK(fixture.outcome(offer("watcher", "v=0", "")) == "415 unsupported-type Content-Type");
  CHECK(fixture.outcome(offer("watcher", "")) == "400 bad-offer");
  CHECK(fixture.outcome(offer("watcher", "{}")) == "400 bad-offer");
  CHECK(fixture.outcome(offer("watcher", "v=0" + std::string(62'000, 'x'))) == "413 too-large");
  // Escaping makes it longer on its way.
  std::string lines = "v=0\r\n";
  while (lines.size() < 42'000)
    lines += "a=\r\n";
  CHECK(fixture.outcome(offer("watcher", lines)) == "413 too-large");
  for (const auto* method : {"PUT", "DELETE", "PATCH"})
    CHECK(fixture.outcome({.method = method, .path = endpoint}) == "405 method-not-allowed");
  CHECK(fixture.outcome({.method = "POST", .path = resource}) == "405 method-not-allowed");
  CHECK(fixture.players.empty());
  CHECK(fixture.outcome(offer("watcher", "v=0\r\n", "Application/SDP; charset=utf-8")) == "201");
  CHECK(fixture.outcome({.path = endpoint, .token = ""}) == "204");
  CHECK(fixture.outcome({.path = resource, .token = ""}) == "204");
}

TEST_CASE("why a player is refused decides the status, and when to ask again",
          "[gateway][player]") {
  GatewayFixture fixture;
  const auto [code, outcome, retry] = GENERATE(table<const char*, const char*, const char*>({
      {"stream-not-up", "409 stream-not-up", "1"},
      {"conflict", "409 conflict", ""},
      {"quota", "429 quota", "5"},
      {"not-acceptable", "406 not-acceptable", ""},
      {"unavailable", "503 unavailable", "1"},
      {"what a guest says", "503 unavailable", "1"},
  }));
  fixture.player_refusal = signaling::Refusal{code, "No.", ""};
  CHECK(fixture.outcome(offer()) == outcome);
  const auto response = fixture.call(offer());
  CHECK(find_pair(response.headers, "Retry-After").value_or("") == retry);
  CHECK(Json::parse(response.body)["error"].contains("retryAfterMs") == (*retry != '\0'));
}

TEST_CASE("a session that is over has no pictures", "[gateway][player]") {
  GatewayFixture fixture;
  fixture.is_over = true;
  CHECK(fixture.outcome(offer()) == "409 conflict");
}

TEST_CASE("a player adds candidates to its ICE session", "[gateway][player]") {
  GatewayFixture fixture;
  const std::string fragment =
      "a=ice-ufrag:abc\r\nm=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 udp 1 "
      "192.0.2.1 5000 typ host\r\na=end-of-candidates\r\n";
  const auto etag = "\"" + std::string(GatewayFixture::other) + "\"";
  for (const auto& match : {std::string{}, std::string{"*"}, etag, "\"x\", " + etag}) {
    const auto response = fixture.call(patch(fragment, match));
    CHECK(response.status == 204);
    CHECK_FALSE(find_pair(response.headers, "ETag"));
  }
  REQUIRE(fixture.candidates.size() == 4);
  CHECK(fixture.candidates.back().resource == GatewayFixture::other);
  CHECK(fixture.candidates.back().ufrag == "abc");
  CHECK(fixture.candidates.back().candidates.size() == 1);
  CHECK(fixture.outcome(patch(fragment, "\"x\"")) == "412 precondition-failed If-Match");
  CHECK(fixture.outcome(patch("nonsense")) == "400 bad-fragment");
  auto request = patch(fragment);
  request.headers = {{"content-type", "application/sdp"}};
  CHECK(fixture.outcome(request) == "415 unsupported-type Content-Type");
  request = patch(fragment);
  request.path = endpoint + "/nonsense";
  CHECK(fixture.outcome(request) == "404 not-found");
  request = patch(fragment);
  request.token = "";
  CHECK(fixture.outcome(request) == "401 unauthorized");
  CHECK(fixture.candidates.size() == 4);
  fixture.player_refusal = signaling::Refusal{"no-restart", "No.", ""};
  CHECK(fixture.outcome(patch(fragment)) == "422 no-restart");
}

TEST_CASE("a player closes its resource", "[gateway][player]") {
  GatewayFixture fixture;
  const Request close{.method = "DELETE", .path = resource, .token = "watcher"};
  CHECK(fixture.outcome(close) == "200");
  CHECK(fixture.closed_players == std::vector<std::string>{GatewayFixture::other});
  CHECK(fixture.outcome({.method = "DELETE", .path = resource, .token = "observer"}) ==
        "403 forbidden");
  fixture.player_refusal = signaling::Refusal{"not-found", "No.", ""};
  CHECK(fixture.outcome(close) == "404 not-found");
}

TEST_CASE("addresses of ICE servers become links, whatever else is there", "[gateway][player]") {
  CHECK(ice_links(Json::array()).empty());
  CHECK(ice_links(nullptr).empty());
  CHECK(ice_links(Json::parse(R"([{"urls":["stun:a","stun:b"]}])")) ==
        std::vector<std::string>{R"(<stun:a>; rel="ice-server")", R"(<stun:b>; rel="ice-server")"});
}

}  // namespace aerie::testing
