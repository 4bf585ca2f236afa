// Log-ins whose tool, browser or guest does not do its part.
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>

#include "tests/support/descendants.hpp"
#include "tests/support/login_scene.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::credential_of;
using aerie::test::descendants;
using aerie::test::login_of;
using aerie::test::LoginScene;
using aerie::test::ToolFolder;
using aerie::test::World;

namespace {

/// Leaves its file in two halves, the second one when it is told to.
constexpr const char* halves =
    "echo https://id.example/; printf '{\"token\":' > $HOME/auth.json; "
    "until [ -e $HOME/go ]; do sleep 0.05; done; printf '\"whole\"}' >> $HOME/auth.json; "
    "exec sleep 600";

/// Begins with a page; crashes once another was opened in it, once more at its next start, and once
/// more when it is told to.
constexpr const char* frail_browser =
    "echo $1 >> $HOME/pages; case $(wc -l < $HOME/pages) in "
    "1) until [ -e $HOME/opened ]; do sleep 0.05; done; exit 5;; 2) exit 6;; "
    "3) until [ -e $HOME/go ]; do sleep 0.05; done; exit 7;; 4) exit 8;; esac; exec sleep 600";

Json frail_profile() {
  return {{"name", "frail"},
          {"intensity", {{"restarts", 9}, {"withinMs", 10'000}}},
          {"children",
           {{{"name", "browser"},
             {"command", {"sh", "-c", frail_browser, "browser", "${url}"}},
             {"open", {"sh", "-c", "echo $1 > $HOME/opened", "open", "${url}"}}},
            {{"name", "login"}, {"builtin", "login"}}}}};
}

void tell_to_go(const LoginScene& scene, const aerie::test::StartedSession& session) {
  std::ofstream{scene.home(session) + "/go"} << "";
}

/// Waits until the browser has been started so many times after its first.
void wait_for_restart(const World& world, int restarts) {
  auto events = world.events();
  for (auto event = events.next_of("child.started", 60s).data;
       event["child"] != "browser" || event["data"]["restarts"] != restarts;
       event = events.next_of("child.started", 60s).data) {
  }
}

/// Waits for that end of the browser.
void wait_for_exit(const World& world, int code) {
  auto events = world.events();
  for (auto event = events.next_of("child.exited", 60s).data;
       event["child"] != "browser" || event["data"]["code"] != code;
       event = events.next_of("child.exited", 60s).data) {
  }
}

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);)
    lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("a file that is half written is waited for", "[login]") {
  const ToolFolder tools;
  tools.add("halves", halves);
  const LoginScene scene{tools};
  const auto session = scene.start("halves");
  scene.wait_for(session.id, "authenticating");
  CHECK(scene.owner(session).get(credential_of(session)).status == 409);
  tell_to_go(scene, session);
  scene.wait_for(session.id, "completed");
  const auto files = scene.owner(session).get(credential_of(session)).json()["files"];
  CHECK(files[0]["content"] == "{\"token\":\"whole\"}");
}

TEST_CASE("a guest that is lost midway is named, and a fresh one carries another try", "[login]") {
  const ToolFolder tools;
  tools.add("halves", halves);
  const LoginScene scene{tools};
  const auto session = scene.start("halves");
  scene.wait_for(session.id, "authenticating");
  const auto guests = descendants("aerie-guest");
  REQUIRE_FALSE(guests.empty());
  for (const auto guest : guests)
    ::kill(guest, SIGKILL);

  const auto failed = scene.wait_for(session.id, "failed");
  CHECK(failed["attempt"] == 1);
  CHECK(failed["cause"]["kind"] == "vmm-exited");
  CHECK_FALSE(failed["cause"]["remedy"].get<std::string>().empty());
  CHECK(scene.owner(session).get(credential_of(session)).status == 404);

  const auto again = scene.owner(session).post(login_of(session, "retry"), Json::object());
  REQUIRE(again.status == 200);
  CHECK(again.json()["attempt"] == 2);
  scene.wait_for(session.id, "authenticating", 2);
  CHECK(scene.world().session(session.id)["vm"]["id"] != session.document["vm"]["id"]);
  tell_to_go(scene, session);
  scene.wait_for(session.id, "completed", 2);
  CHECK(scene.owner(session).get(credential_of(session)).status == 200);
}

TEST_CASE("a browser that crashes begins again with the page to sign in at", "[login]") {
  const ToolFolder tools;
  tools.add("waits", "echo https://id.example/; exec sleep 600");
  tools.add_profile(frail_profile());
  const LoginScene scene{tools};
  const auto session = scene.start("waits", {{"profile", "frail"}});
  wait_for_restart(scene.world(), 2);
  CHECK(lines_of(scene.home(session) + "/opened") ==
        std::vector<std::string>{"https://id.example/"});
  CHECK(scene.world().session(session.id)["login"]["state"] == "awaiting-user");

  // With the log-in goes its page.
  scene.owner(session).post(login_of(session, "cancel"), Json::object());
  tell_to_go(scene, session);
  wait_for_exit(scene.world(), 8);
  CHECK(lines_of(scene.home(session) + "/pages") ==
        std::vector<std::string>{"about:blank", "https://id.example/", "https://id.example/",
                                 "about:blank"});
}
