// Log-ins with stand-in tools: how they end, and who gets what they leave.
#include <catch2/catch.hpp>

#include "tests/support/login_scene.hpp"
#include "tests/support/owner.hpp"
#include "tests/support/planted.hpp"

using aerie::Json;
using aerie::test::credential_of;
using aerie::test::EventStream;
using aerie::test::files_with;
using aerie::test::HttpClient;
using aerie::test::login_of;
using aerie::test::LoginScene;
using aerie::test::Owner;
using aerie::test::StartedSession;
using aerie::test::ToolFolder;

namespace {

constexpr const char* waits = "echo https://id.example/; exec sleep 600";
constexpr const char* leaves_token =
    "echo https://id.example/; echo {\\\"token\\\":\\\"$TOKEN\\\"} > $HOME/auth.json; "
    "exec sleep 600";

struct Tools : ToolFolder {
  Tools() {
    add("waits", waits);
    add("leaves", leaves_token);
    add("crashes-early", "echo no network here; kill -SEGV $$");
    add("crashes-late", "echo https://id.example/; sleep 0.5; exit 7");
    add("is-slow", waits, {{"withinMs", 1500}});
  }
};

/// A controller that knows them.
struct Scene : Tools, LoginScene {
  Scene() : LoginScene(static_cast<const Tools&>(*this)) {}
};

}  // namespace

TEST_CASE("a credential goes to its owner once, and to nobody else", "[login]") {
  const Scene scene;
  const Owner owner;
  const std::string secret = "PLANTED-TOKEN-4711-OF-THE-TEST";
  const auto session =
      scene.start("leaves", {{"env", {{"TOKEN", secret}}}, {"credentialKey", owner.key()}});
  const auto stranger = scene.start("waits");
  scene.wait_for(session.id, "completed");

  CHECK(scene.owner(stranger).get(credential_of(session)).status == 404);
  const auto metadata = scene.world().http().get(credential_of(session));
  CHECK(metadata.status == 200);
  CHECK(metadata.body.find("sealed") == std::string::npos);
  CHECK(metadata.json()["files"][0]["name"] == "~/auth.json");
  CHECK(scene.owner(session).request("HEAD", credential_of(session), "").status == 200);

  const auto fetched = scene.owner(session).get(credential_of(session));
  REQUIRE(fetched.status == 200);
  CHECK(fetched.json()["provider"] == "leaves");
  const auto file = fetched.json()["files"][0];
  CHECK(Json::parse(owner.open(file["sealed"]))["token"] == secret);
  CHECK_FALSE(file.contains("content"));

  CHECK(scene.owner(session).get(credential_of(session)).status == 410);
  CHECK(scene.world().session(session.id)["login"].contains("handedOverAt"));
  CHECK(scene.world().http().get(credential_of(session)).json().contains("handedOverAt"));

  // Of a secret that was in the guest's hands nothing is left but in the guest's own home.
  const auto home = scene.home(session).substr(scene.world().state().size() + 1);
  CHECK(files_with(scene.world().state(), secret, {}) == std::vector{home + "/auth.json"});
  for (const auto& path : {"/api/v1/sessions/" + session.id, "/api/v1/why/" + session.id,
                           "/api/v1/sessions/" + session.id + "/logs", std::string{"/metrics"}})
    CHECK(scene.world().http().get(path).body.find(secret) == std::string::npos);
}

TEST_CASE("without an owner's key the vault's own keeps the credential", "[login]") {
  const Scene scene;
  const auto session = scene.start("leaves", {{"env", {{"TOKEN", "plain-for-its-owner"}}}});
  scene.wait_for(session.id, "completed");
  const auto fetched = scene.owner(session).get(credential_of(session));
  REQUIRE(fetched.status == 200);
  CHECK(Json::parse(fetched.json()["files"][0]["content"].get<std::string>())["token"] ==
        "plain-for-its-owner");
  CHECK(fetched.headers.at("cache-control") == "no-store");
  CHECK(scene.owner(session).get(credential_of(session)).status == 410);
}

TEST_CASE("two log-ins at once see their own only", "[login]") {
  const Scene scene;
  const auto one = scene.start("leaves", {{"env", {{"TOKEN", "first"}}}});
  const auto two = scene.start("leaves", {{"env", {{"TOKEN", "second"}}}});
  scene.wait_for(one.id, "completed");
  scene.wait_for(two.id, "completed");
  const auto content = [&](const StartedSession& session) {
    return scene.owner(session)
        .get(credential_of(session))
        .json()["files"][0]["content"]
        .get<std::string>();
  };
  CHECK_THAT(content(two), Catch::Contains("second"));
  CHECK_THAT(content(one), Catch::Contains("first"));
}

TEST_CASE("a tool that crashes is named, before and after its address", "[login]") {
  const Scene scene;
  const auto early = scene.start("crashes-early");
  const auto failed = scene.wait_for(early.id, "failed");
  CHECK(failed["cause"]["kind"] == "signal");
  CHECK_THAT(failed["cause"]["message"].get<std::string>(), Catch::Contains("SIGSEGV"));
  CHECK(failed["cause"]["evidence"].back() == "no network here");
  const auto late = scene.start("crashes-late");
  CHECK(scene.wait_for(late.id, "failed")["cause"]["kind"] == "exit-code");

  // The agent dies like any child, and is there again for another try.
  auto events = scene.world().events();
  while (true) {
    const auto event = events.next_of("child.exited", std::chrono::seconds{60}).data;
    if (event["session"] != early.id) continue;
    CHECK(event["child"] == "login");
    CHECK(event["data"]["kind"] == "signal");
    break;
  }
  CHECK(scene.world().why(early.id + "/login")["exits"][0]["kind"] == "signal");
  CHECK(scene.world().session(early.id)["state"] == "ready");
}

TEST_CASE("a log-in is cancelled, tried again, and timed out", "[login]") {
  const Scene scene;
  const auto session = scene.start("waits");
  const auto awaiting = scene.wait_for(session.id, "awaiting-user");
  CHECK(scene.world().session(session.id)["login"]["url"] == "https://id.example/");
  CHECK(scene.owner(session).get(credential_of(session)).status == 409);
  CHECK(scene.owner(session).post(login_of(session, "retry"), Json::object()).status == 409);

  const auto cancelled = scene.owner(session).post(login_of(session, "cancel"), Json::object());
  CHECK(cancelled.status == 200);
  CHECK(cancelled.json()["state"] == "cancelled");
  CHECK(scene.owner(session).post(login_of(session, "cancel"), Json::object()).status == 409);
  CHECK(scene.owner(session).get(credential_of(session)).status == 404);

  const auto again = scene.owner(session).post(login_of(session, "retry"), Json::object());
  CHECK(again.json()["attempt"] == 2);
  scene.wait_for(session.id, "awaiting-user", 2);

  const auto slow = scene.start("is-slow");
  CHECK(scene.wait_for(slow.id, "timed-out")["cause"]["kind"] == "deadline");
}

TEST_CASE("a log-in under way, then a credential, keep their session", "[login]") {
  const Scene scene;
  const auto session = scene.start("waits");
  scene.wait_for(session.id, "awaiting-user");
  REQUIRE(scene.owner(session).remove("/api/v1/sessions/" + session.id).status == 202);
  auto events = scene.world().events();
  const auto answer = events.next_of("retire.answered").data["data"];
  CHECK(answer["answer"] == "keep");
  CHECK(answer["who"] == "session");
  CHECK_THAT(answer["why"].get<std::string>(), Catch::Contains("log-in"));
  CHECK(answer["until"] == scene.world().session(session.id)["login"]["keepsUntil"]);
  CHECK(scene.world().session(session.id)["state"] == "ready");
  // With the log-in goes the reason.
  scene.owner(session).post(login_of(session, "cancel"), Json::object());
  CHECK(scene.world().wait_for_state(session.id, "ended")["login"]["state"] == "cancelled");
}

TEST_CASE("a completed log-in stays completed, and is fetched after the session's end", "[login]") {
  const Scene scene;
  const auto session = scene.start("leaves", {{"env", {{"TOKEN", "late"}}}});
  scene.wait_for(session.id, "completed");
  CHECK(scene.world().http().remove("/api/v1/sessions/" + session.id + "?force=true").status ==
        202);
  const auto ended = scene.world().wait_for_state(session.id, "ended");
  CHECK(ended["login"]["state"] == "completed");
  CHECK(scene.owner(session).get(credential_of(session)).status == 200);
  CHECK(scene.owner(session).get(credential_of(session)).status == 410);
}

TEST_CASE("providers and keys are judged at creation", "[login]") {
  const Scene scene;
  auto http = scene.world().http();
  const auto refused = [&](Json wish) {
    wish["userId"] = "u";
    const auto answer = http.post("/api/v1/sessions", wish);
    CHECK(answer.status == 422);
    return answer.json()["error"]["field"];
  };
  CHECK(refused({{"profile", "bare-login"}, {"provider", "unheard-of"}}) == "provider");
  CHECK(refused({{"profile", "bare-login"}}) == "provider");
  CHECK(refused({{"profile", "bare-login"}, {"provider", "waits"}, {"credentialKey", "short"}}) ==
        "credentialKey");
  const auto label = http.post(
      "/api/v1/sessions", {{"userId", "u"}, {"profile", "terminal"}, {"provider", "unheard-of"}});
  CHECK(label.status == 201);
  CHECK(label.json()["provider"] == "unheard-of");
  CHECK_FALSE(label.json().contains("login"));
}

TEST_CASE("clients of the older system see the same states", "[login]") {
  const Scene scene;
  const auto session = scene.start("waits");
  scene.wait_for(session.id, "awaiting-user");
  const auto path = "/api/auth/session/" + session.id;
  auto http = scene.owner(session);
  CHECK(http.get(path).json()["session"]["status"] == "awaiting-user");
  CHECK(http.get(path + "/oauth-url").json()["oauthUrl"] == "https://id.example/");
  CHECK(http.get(path + "/credentials/status").json()["status"] == "pending");
  CHECK(http.post(path + "/heartbeat", Json::object()).json()["success"] == true);
  CHECK(http.post(path + "/cancel", Json::object()).json()["success"] == true);
  CHECK(http.get(path).json()["session"]["status"] == "cancelled");
  CHECK(http.get(path + "/oauth-url").json()["oauthUrl"] == nullptr);
  CHECK(HttpClient(scene.world().address()).get(path).status == 401);
  const auto stranger = scene.start("waits");
  CHECK(scene.owner(stranger).get(path).status == 404);
}
