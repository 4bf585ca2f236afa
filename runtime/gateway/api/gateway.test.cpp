#include "runtime/gateway/api/gateway.hpp"

#include <catch2/catch.hpp>

#include "runtime/gateway/api/gateway_fixture.test.hpp"
#include "runtime/gateway/api/malformed_bodies.test.hpp"

namespace aerie::testing {

namespace {

using Request = GatewayFixture::Request;

const std::string own = std::string("/api/v1/sessions/") + GatewayFixture::known;
const std::string foreign = std::string("/api/v1/sessions/") + GatewayFixture::other;
const std::string wish = R"({"userId":"user"})";

Request creation(const std::string& body = wish, const std::string& key = {}) {
  Request request{.method = "POST", .path = "/api/v1/sessions", .body = body};
  if (!key.empty()) request.headers.emplace_back("idempotency-key", key);
  return request;
}

}  // namespace

TEST_CASE("requests need a token that is known", "[gateway][actor]") {
  GatewayFixture fixture;
  CHECK(fixture.outcome({.path = own, .token = ""}) == "401 unauthorized");
  CHECK(fixture.outcome({.path = own, .token = "stranger"}) == "401 unauthorized");
  CHECK(fixture.outcome({.path = "/metrics", .token = ""}) == "401 unauthorized");
  CHECK(fixture.outcome({.path = "/api/v1/openapi.json", .token = ""}) == "401 unauthorized");
  CHECK(fixture.outcome({.path = "/healthz", .token = ""}) == "200");
  CHECK(fixture.outcome({.path = "/readyz", .token = ""}) == "200");
  CHECK(fixture.outcome({.path = "/nowhere", .token = ""}) == "404 not-found");
  CHECK(fixture.outcome({.method = "PATCH", .path = own}) == "405 method-not-allowed");
}

TEST_CASE("each kind of token may do its part", "[gateway][actor]") {
  GatewayFixture fixture;
  CHECK(fixture.outcome({.path = own, .token = "observer"}) == "200");
  CHECK(fixture.outcome({.method = "DELETE", .path = own, .token = "observer"}) == "403 forbidden");
  CHECK(fixture.outcome({.path = own, .token = "owner"}) == "200");
  CHECK(fixture.outcome({.path = own + "/logs", .token = "owner"}) == "200");
  CHECK(fixture.outcome({.path = foreign, .token = "owner"}) == "404 not-found");
  CHECK(fixture.outcome({.path = foreign + "/logs", .token = "owner"}) == "404 not-found");
  CHECK(fixture.outcome({.method = "DELETE", .path = foreign, .token = "owner"}) ==
        "404 not-found");
  CHECK(fixture.outcome({.method = "DELETE", .path = own, .token = "owner"}) == "202");
  CHECK(fixture.proposals.back().by == "owner");
  CHECK(fixture.outcome(
            {.method = "DELETE", .path = own, .token = "owner", .query = {{"force", "true"}}}) ==
        "403 forbidden force");
  CHECK(fixture.outcome({.method = "POST", .path = "/api/v1/sessions", .token = "owner"}) ==
        "403 forbidden");
  CHECK(fixture.outcome({.method = "PUT", .path = own + "/holds/h", .token = "owner"}) ==
        "403 forbidden");
  CHECK(fixture.outcome({.path = "/metrics", .token = "owner"}) == "403 forbidden");
  CHECK(fixture.outcome({.path = own, .token = "watcher"}) == "403 forbidden");
}

TEST_CASE("a session's own token lists that one", "[gateway][actor]") {
  GatewayFixture fixture;
  const auto json = Json::parse(fixture.call({.path = "/api/v1/sessions", .token = "owner"}).body);
  CHECK(json["sessions"].size() == 1);
  CHECK(json["sessions"][0]["id"] == GatewayFixture::known);
  CHECK(fixture.listings.empty());
  CHECK(Json::parse(fixture.call({.path = "/api/v1/vms", .token = "owner"}).body)["vms"].size() ==
        1);
}

TEST_CASE("a session is created with token and addresses", "[gateway][actor]") {
  GatewayFixture fixture;
  const auto response = fixture.call(creation(
      R"({"userId":"user","url":" https://example.org ","display":{"width":640,"height":480},)"
      R"("env":{"A":"b"},"labels":{"team":"x"},"maxMs":1000})"));
  CHECK(response.status == 201);
  CHECK(find_pair(response.headers, "Location") == own);
  const auto json = Json::parse(response.body);
  CHECK(json["token"] == "token 1");
  CHECK(json["signaling"] == "ws://localhost:4000/ws/signal");
  CHECK(json["viewer"] == "http://localhost:4000/view/" + std::string(GatewayFixture::known));
  CHECK(json["state"] == "starting");
  const auto& made = fixture.created.back();
  CHECK(made.token_digest == "digest of token 1");
  CHECK(made.request.url == "https://example.org");
  CHECK(made.request.profile == "browser");
  CHECK(made.request.driver == "process");
  CHECK(made.request.display->width == 640);
  CHECK(made.request.env.front().second == "b");
  CHECK(made.request.idle == Duration{600'000});
  CHECK(made.request.max == Duration{1000});
}

TEST_CASE("clients of the older system start a session their way", "[gateway][actor]") {
  GatewayFixture fixture;
  const auto response = fixture.call({.method = "POST",
                                      .path = "/api/auth/start",
                                      .body = R"({"userId":"u","provider":"codex"})"});
  CHECK(response.status == 200);
  const auto json = Json::parse(response.body);
  CHECK(json["success"] == true);
  CHECK(json["sessionId"] == GatewayFixture::known);
  CHECK(json["browserIP"] == "10.77.0.2");
  for (const auto* field : {"state", "token", "signaling", "viewer"})
    CHECK(json.contains(field));
}

TEST_CASE("a malformed body creates nothing", "[gateway][actor]") {
  GatewayFixture fixture;
  CHECK(fixture.outcome(creation("")) == "400 bad-json");
  CHECK(fixture.outcome(creation("{")) == "400 bad-json");
  CHECK(fixture.outcome(creation("[]")) == "400 bad-field");
  CHECK(fixture.outcome(creation(R"({"userId":"a","userId":"b"})")) == "400 bad-json userId");
  CHECK(fixture.outcome(creation("{\"userId\":\"\xff\"}")) == "400 bad-json");
  CHECK(fixture.outcome(creation(R"({"userId":"a","profile":"none"})")) == "422 bad-field profile");
  CHECK(fixture.outcome(creation(R"({"userId":"a","driver":"none"})")) == "422 bad-field driver");
  const Json good{{"userId", "user"}, {"display", {{"width", 640}, {"height", 480}}}};
  const auto& table = *find_route("POST", "/api/v1/sessions").route->body;
  for (const auto& wrong : malformed_bodies(good, table)) {
    if (wrong.field.empty() || wrong.field.find('.') != std::string::npos) continue;
    const auto text = wrong.body.dump(-1, ' ', false, Json::error_handler_t::replace);
    CAPTURE(text.substr(0, 200));
    CHECK(fixture.outcome(creation(text)) == "422 " + wrong.code + " " + wrong.field);
  }
  CHECK(fixture.created.empty());
}

TEST_CASE("why a session is refused decides the status", "[gateway][actor]") {
  GatewayFixture fixture;
  fixture.creation_refusal = Cause{CauseKind::quota, "All 64 are in use.", "End one.", {}};
  CHECK(fixture.outcome(creation()) == "429 quota");
  fixture.creation_refusal = Cause{CauseKind::requested, "Draining.", "", {}};
  CHECK(fixture.outcome(creation()) == "503 draining");
  fixture.creation_refusal = Cause{CauseKind::store_failed, "Disk.", "", {}};
  CHECK(fixture.outcome(creation()) == "503 store-failed");
}

TEST_CASE("a repeated key makes one session", "[gateway][actor]") {
  GatewayFixture fixture;
  const auto first = Json::parse(fixture.call(creation(wish, "k")).body);
  const auto second = Json::parse(fixture.call(creation(wish, "k")).body);
  CHECK(fixture.created.size() == 1);
  CHECK(second["token"] == first["token"]);
  fixture.now += Duration{61'000};
  const auto later = fixture.call(creation(wish, "k"));
  CHECK(later.status == 201);
  CHECK_FALSE(Json::parse(later.body).contains("token"));
  CHECK(fixture.outcome(creation(R"({"userId":"other"})", "k")) == "409 conflict Idempotency-Key");
  CHECK(fixture.outcome(creation(wish, std::string(300, 'k'))) == "422 bad-field Idempotency-Key");
  CHECK(fixture.created.size() == 1);
}

TEST_CASE("a refused request does not use its key up", "[gateway][actor]") {
  GatewayFixture fixture;
  fixture.creation_refusal = Cause{CauseKind::quota, "Full.", "", {}};
  CHECK(fixture.outcome(creation(wish, "k")) == "429 quota");
  fixture.creation_refusal.reset();
  CHECK(fixture.outcome(creation(wish, "k")) == "201");
}

TEST_CASE("retirement answers the proposal", "[gateway][actor]") {
  GatewayFixture fixture;
  const auto response = fixture.call({.method = "DELETE", .path = own, .query = {{"force", "1"}}});
  CHECK(response.status == 202);
  const auto json = Json::parse(response.body);
  CHECK(json["proposal"] == "p");
  CHECK(json["subject"]["id"] == GatewayFixture::known);
  CHECK(json["reason"] == "requested");
  CHECK(json["deadlineMs"] == 30'000);
  CHECK(json["forced"] == true);
  CHECK(fixture.proposals.back().by == "operator");
  fixture.is_over = true;
  CHECK(fixture.outcome({.method = "DELETE", .path = own}) == "409 conflict");
  CHECK(fixture.outcome({.method = "DELETE", .path = foreign}) == "404 not-found");
}

TEST_CASE("holds are set, replaced and cleared", "[gateway][actor]") {
  GatewayFixture fixture;
  const auto path = own + "/holds/evidence";
  const Request set{.method = "PUT", .path = path, .body = R"({"reason":"look"})"};
  CHECK(Json::parse(fixture.call(set).body) == Json{{"name", "evidence"}, {"reason", "look"}});
  CHECK(fixture.outcome({.method = "PUT", .path = path}) == "200");
  CHECK(fixture.holds.at("evidence").reason.empty());
  CHECK(fixture.outcome({.method = "PUT", .path = own + "/holds/Bad"}) == "422 bad-field name");
  CHECK(fixture.outcome({.method = "DELETE", .path = path}) == "200");
  CHECK(fixture.outcome({.method = "DELETE", .path = path}) == "404 not-found");
}

TEST_CASE("a token to watch with runs out", "[gateway][actor]") {
  GatewayFixture fixture;
  const Request request{
      .method = "POST", .path = own + "/tokens", .body = R"({"role":"viewer","ttlMs":5000})"};
  const auto json = Json::parse(fixture.call(request).body);
  CHECK(json["token"] == "token 1");
  const auto& saved = fixture.tokens.back();
  CHECK(saved.digest == "digest of token 1");
  CHECK(saved.use == TokenUse::watch);
  CHECK(saved.session == GatewayFixture::known);
  CHECK(saved.until == fixture.now + Duration{5000});
}

TEST_CASE("lists pass on what they were asked for", "[gateway][actor]") {
  GatewayFixture fixture;
  const Request request{.path = "/api/v1/sessions",
                        .query = {{"state", "ready"},
                                  {"userId", "u"},
                                  {"label.team", "x"},
                                  {"limit", "7"},
                                  {"after", GatewayFixture::other}}};
  const auto json = Json::parse(fixture.call(request).body);
  CHECK(json["next"] == "next-id");
  const auto& listing = fixture.listings.back();
  CHECK(listing.state == SessionState::ready);
  CHECK(listing.user_id == "u");
  CHECK(listing.labels.at("team") == "x");
  CHECK(listing.limit == 7);
  CHECK(listing.after == GatewayFixture::other);
  CHECK(fixture.outcome({.path = "/api/v1/sessions", .query = {{"Limit", "7"}}}) ==
        "422 unknown-field Limit");
}

TEST_CASE("VMs, reasons and figures are shown", "[gateway][actor]") {
  GatewayFixture fixture;
  const std::string vm = std::string("/api/v1/vms/") + GatewayFixture::other;
  CHECK(fixture.outcome({.path = vm, .token = "owner"}) == "200");
  CHECK(fixture.outcome({.path = vm + "/console"}) == "404 not-found");
  CHECK(fixture.outcome({.path = std::string("/api/v1/vms/") + GatewayFixture::known}) ==
        "404 not-found");
  const std::string why = std::string("/api/v1/why/") + GatewayFixture::known;
  CHECK(fixture.outcome({.path = why, .token = "owner"}) == "200");
  CHECK(Json::parse(fixture.call({.path = why + "/browser"}).body)["subject"] ==
        std::string(GatewayFixture::known) + "/browser");
  CHECK(fixture.outcome({.path = "/api/v1/why/nothing"}) == "404 not-found");
  CHECK(fixture.call({.path = "/metrics"}).body.find("aerie_sessions{state=\"ready\"} 0\n") !=
        std::string::npos);
  CHECK(Json::parse(fixture.call({.path = "/api/v1/openapi.json"}).body).contains("paths"));
}

TEST_CASE("readiness says what is missing", "[gateway][actor]") {
  GatewayFixture fixture;
  fixture.is_draining = true;
  fixture.store_failure = Cause{CauseKind::store_failed, "The disk is full.", "", {}};
  const auto response = fixture.call({.path = "/readyz", .token = ""});
  CHECK(response.status == 503);
  CHECK(Json::parse(response.body)["missing"].size() == 2);
}

TEST_CASE("sockets get their peers", "[gateway][actor]") {
  GatewayFixture fixture;
  post(fixture.gateway, SocketOpened{5, "127.0.0.1"});
  post(fixture.gateway, SocketTextArrived{5, "not JSON"});
  fixture.system.run();
  REQUIRE_FALSE(fixture.sockets->sent[5].empty());
  CHECK(Json::parse(fixture.sockets->sent[5].front())["code"] == "bad-json");
  CHECK(fixture.sockets->closed.at(5) == 1008);
  post(fixture.gateway, SocketGone{5, 1008});
  post(fixture.gateway, SocketTextArrived{5, "late"});
  fixture.system.run();
}

TEST_CASE("a gateway that ends leaves nobody waiting", "[gateway][actor]") {
  GatewayFixture fixture;
  const auto events = fixture.ask({.path = "/api/v1/events"});
  post(fixture.gateway, SocketOpened{6, "127.0.0.1"});
  fixture.system.run();
  caf::anon_send_exit(fixture.gateway, caf::exit_reason::kill);
  fixture.system.run();
  CHECK(fixture.server->streams.at(events).is_ended);
  CHECK(fixture.sockets->closed.at(6) == 1012);
}

TEST_CASE("holds of a session that is over go to the ledger", "[gateway][actor]") {
  GatewayFixture fixture;
  fixture.is_over = true;
  const auto path = own + "/holds/evidence";
  CHECK(fixture.outcome({.method = "PUT", .path = path, .body = R"({"reason":"court"})"}) == "200");
  CHECK(fixture.ended_holds.at("evidence").reason == "court");
  CHECK(fixture.holds.empty());
  CHECK(fixture.outcome({.method = "DELETE", .path = path}) == "200");
  CHECK(fixture.outcome({.method = "DELETE", .path = path}) == "404 not-found");
  fixture.store_failure = Cause{CauseKind::disk_full, "Full.", "Free space.", {}};
  CHECK(fixture.outcome({.method = "PUT", .path = path}) == "503 disk-full");
}

TEST_CASE("a console is read from a guest that is there, and from one that is gone",
          "[gateway][actor]") {
  GatewayFixture fixture;
  fixture.logs->console = "Linux version 6\n";
  for (const auto* vm : {GatewayFixture::other, GatewayFixture::gone_vm}) {
    const auto path = std::string("/api/v1/vms/") + vm + "/console";
    const auto response = fixture.call({.path = path, .token = "owner", .query = {{"tail", "5"}}});
    CHECK(response.status == 200);
    CHECK(response.body == "Linux version 6\n");
    CHECK(response.content_type == "text/plain; charset=utf-8");
    CHECK(fixture.logs->consoles.back().vm == vm);
    CHECK(fixture.logs->consoles.back().session->id == GatewayFixture::known);
    CHECK(fixture.logs->consoles.back().tail == 5);
  }
  fixture.logs->console.reset();
  const std::string gone = std::string("/api/v1/vms/") + GatewayFixture::gone_vm;
  CHECK(fixture.outcome({.path = gone + "/console"}) == "404 not-found");
  CHECK(fixture.outcome({.path = gone}) == "404 not-found");
}

}  // namespace aerie::testing
