// What a log-in's tool, its person and the vault know is looked for at the most talkative level, in
// every file, log, event and page.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <map>

#include "tests/support/event_stream.hpp"
#include "tests/support/login_scene.hpp"
#include "tests/support/owner.hpp"
#include "tests/support/planted.hpp"
#include "tests/support/serve_process.hpp"
#include "tests/support/variable.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::EventStream;
using aerie::test::files_with;
using aerie::test::HttpClient;
using aerie::test::Owner;
using aerie::test::ServeProcess;
using aerie::test::TemporaryDirectory;
using aerie::test::ToolFolder;
using aerie::test::Variable;

namespace {

/// Makes a token that nobody knows beforehand and shows it, as tools do that mean well.
constexpr const char* mints =
    "token=minted-$(od -An -N12 -tx1 /dev/urandom | tr -d ' \\n'); "
    "echo https://id.example/?state=planted-state-5e1f; echo your token is $token; ";
constexpr const char* leaves =
    "echo {\\\"token\\\":\\\"$token\\\"} > $HOME/auth.json; exec sleep 600";
constexpr const char* crashes = "echo $token > $HOME/shown; exit 3";

std::string content_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// A controller at its most talkative, and whose sessions are whose.
struct Scene {
  Scene() {
    tools.add("mints", std::string{mints} + leaves);
    tools.add("crashes", std::string{mints} + crashes);
    auto set = tools.settings();
    set.emplace_back("log.level", "debug");
    set.emplace_back("retention.tombstonesMs", "3600000");
    controller = std::make_unique<ServeProcess>(state.path().string(), "127.0.0.1:0", set);
  }

  Json start(const std::string& provider, Json wish = Json::object()) const {
    wish.update({{"userId", "tester"}, {"profile", "bare-login"}, {"provider", provider}});
    const auto answer = controller->http().post("/api/v1/sessions", wish);
    REQUIRE(answer.status == 201);
    return answer.json();
  }

  [[nodiscard]] Json wait_for(const Json& session, const std::string& state) const {
    return aerie::test::wait_for_login(controller->address(), controller->token(), session["id"],
                                       state);
  }

  /// What the tool left in its home.
  std::string left(const Json& session, const std::string& name) const {
    return content_of(state.path().string() + "/" + home(session) + name);
  }
  static std::string home(const Json& session) {
    return "vms/" + session["vm"]["id"].get<std::string>() + "/home/";
  }

  /// Everything that operators are told of a session, and what is told of all.
  std::string told(const Json& session) const {
    auto http = controller->http();
    const auto id = session["id"].get<std::string>();
    std::string all;
    for (const auto& path :
         {"/api/v1/sessions/" + id, "/api/v1/why/" + id, "/api/v1/why/" + id + "/login",
          "/api/v1/sessions/" + id + "/logs", "/api/v1/sessions/" + id + "/logs?child=login",
          "/api/v1/sessions/" + id + "/credential", "/api/auth/session/" + id,
          "/api/auth/session/" + id + "/credentials/status", std::string{"/api/v1/sessions"},
          std::string{"/metrics"}})
      all += http.get(path).body;
    for (const auto* line : {"inspect ", "why ", "events ", "logs "})
      all += http.post("/api/v1/console", {{"line", line + id}}).body;
    return all + http.post("/api/v1/console", {{"line", "tree"}}).body;
  }

  ToolFolder tools;
  TemporaryDirectory state;
  std::unique_ptr<ServeProcess> controller;
};

}  // namespace

TEST_CASE("what a log-in hands over is nowhere else, however talkative the controller is",
          "[secrets][login]") {
  const std::string seed = "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef";
  const Variable key{"AERIE_VAULT_KEY", seed};
  const Scene scene;
  const Owner owner;
  const auto sealed = scene.start("mints", {{"credentialKey", owner.key()}});
  const auto kept = scene.start("mints");
  const auto failed = scene.start("crashes");
  scene.wait_for(sealed, "completed");
  scene.wait_for(kept, "completed");
  CHECK(scene.wait_for(failed, "failed")["cause"]["kind"] == "exit-code");

  std::map<std::string, std::vector<std::string>> secrets{{seed, {}}};
  // The address was in the session's document as long as it was of use.
  secrets["planted-state-5e1f"] = {"aerie.db"};
  const auto token_of = [&](const Json& session, const std::string& name) {
    const auto text = scene.left(session, name);
    const auto from = text.find("minted-");
    REQUIRE(from != std::string::npos);
    return text.substr(from, std::string{"minted-"}.size() + 24);
  };
  secrets[token_of(sealed, "auth.json")] = {Scene::home(sealed)};
  secrets[token_of(kept, "auth.json")] = {Scene::home(kept)};
  secrets[token_of(failed, "shown")] = {Scene::home(failed)};

  const auto look = [&] {
    std::string told = scene.controller->words();
    for (const auto* session : {&sealed, &kept, &failed})
      told += scene.told(*session);
    told += content_of("/proc/" + std::to_string(scene.controller->pid()) + "/environ");
    for (const auto& [secret, keepers] : secrets) {
      INFO(secret);
      CHECK(files_with(scene.state.path(), secret, keepers) == std::vector<std::string>{});
      CHECK(told.find(secret) == std::string::npos);
    }
    // That the looking finds something.
    CHECK(told.find("bare-login") != std::string::npos);
  };
  look();
  for (const auto* session : {&sealed, &kept}) {
    HttpClient http{scene.controller->address(), (*session)["token"]};
    CHECK(http.get("/api/v1/sessions/" + (*session)["id"].get<std::string>() + "/credential")
              .status == 200);
  }
  look();
  {
    EventStream events(scene.controller->address(), scene.controller->token(),
                       "/api/v1/events?since=0");
    for (const auto* session : {&sealed, &kept, &failed})
      scene.controller->http().remove("/api/v1/sessions/" + (*session)["id"].get<std::string>() +
                                      "?force=true");
    for (int ended = 0; ended < 3;)
      if (events.next_of("session.state", 60s).data["data"]["state"] == "ended") ++ended;
  }
  look();
}
