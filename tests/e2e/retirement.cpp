// Sessions end by consent, leave their evidence, and nothing else.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/support/chromium.hpp"
#include "tests/support/descendants.hpp"
#include "tests/support/serve_process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/viewer_page.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::Chromium;
using aerie::test::descendants;
using aerie::test::EventStream;
using aerie::test::is_live;
using aerie::test::ServeProcess;
using aerie::test::StartedSession;
using aerie::test::TemporaryDirectory;
using aerie::test::World;

namespace fs = std::filesystem;

namespace {

/// Reads on until an event of this kind came for the session.
Json event_of(EventStream& stream, const std::string& kind, const std::string& session) {
  for (;;) {
    auto event = stream.next_of(kind, 60s).data;
    if (event.value("session", "") == session) return event;
  }
}

/// A profile of one program, in a folder of its own.
std::string write_profile(const TemporaryDirectory& folder, const Json& child) {
  std::ofstream{folder.path() / "small.json"}
      << Json{{"name", "small"}, {"children", Json::array({child})}}.dump();
  return folder.path().string();
}

Json steady() {
  return {{"name", "main"}, {"command", {"sh", "-c", "echo here I am; exec sleep 1000"}}};
}

std::string read(const fs::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

}  // namespace

TEST_CASE("a session nobody watches ends by itself, and its tombstone answers", "[retirement]") {
  const TemporaryDirectory profiles;
  World world(World::Set{{"profiles.path", write_profile(profiles, steady())}});
  auto stream = world.events();
  const auto session = world.start({{"profile", "small"}, {"idleMs", 300}});
  const auto proposed = event_of(stream, "retire.proposed", session.id);
  CHECK(proposed["data"]["reason"] == "idle");
  CHECK(proposed["data"]["by"] == "reaper");
  event_of(stream, "retire.granted", session.id);
  event_of(stream, "tombstone.written", session.id);
  std::vector<std::string> released;
  while (released.empty() || released.back() != "address")
    released.push_back(event_of(stream, "resource.released", session.id)["data"]["kind"]);
  CHECK(released.front() == "process");
  world.wait_for_state(session.id, "ended");
  event_of(stream, "resource.released", session.id);

  const auto why = world.why(session.id);
  CHECK(why["retirement"]["reason"] == "idle");
  CHECK(why["cause"]["kind"] == "deadline");
  CHECK(world.session(session.id)["end"]["by"] == "reaper");
  const fs::path tombstone = fs::path{world.state()} / "tombstones" / session.id;
  CHECK(Json::parse(read(tombstone / "why.json"))["retirement"]["reason"] == "idle");
  CHECK(read(tombstone / "logs" / "main.log") == "here I am\n");
  CHECK(read(tombstone / "events.jsonl").find("retire.granted") != std::string::npos);
  CHECK(world.http().get("/api/v1/sessions/" + session.id + "/logs?child=main").body ==
        "here I am\n");
  CHECK(fs::is_empty(fs::path{world.state()} / "vms"));
}

TEST_CASE("a hold keeps the evidence of a session that is forced to go", "[retirement]") {
  const TemporaryDirectory profiles;
  World world(World::Set{{"profiles.path", write_profile(profiles, steady())}});
  auto stream = world.events();
  const auto session = world.start({{"profile", "small"}});
  const auto path = "/api/v1/sessions/" + session.id;
  const auto vm = world.wait_for_state(session.id, "ready")["vm"]["id"].get<std::string>();
  CHECK(world.http().put(path + "/holds/evidence", {{"reason", "a look at it"}}).status == 200);
  CHECK(world.http().remove(path).status == 202);
  CHECK(event_of(stream, "retire.answered", session.id)["data"]["answer"] == "hold");
  CHECK(world.session(session.id)["state"] == "ready");

  CHECK(world.http().remove(path + "?force=true").json()["forced"] == true);
  event_of(stream, "tombstone.written", session.id);
  CHECK(world.session(session.id)["state"] == "retiring");
  const auto files = fs::path{world.state()} / "vms" / vm;
  CHECK(fs::exists(files / "guest.json"));
  CHECK(descendants("sleep").empty());
  CHECK(world.http().remove(path + "/holds/evidence").status == 200);
  world.wait_for_state(session.id, "ended");
  CHECK_FALSE(fs::exists(files));
  CHECK(world.session(session.id)["end"]["reason"] == "requested");
}

TEST_CASE("a failed session keeps its guest's files for its time", "[retirement]") {
  const TemporaryDirectory profiles;
  World world(
      World::Set{{"profiles.path",
                  write_profile(profiles, {{"name", "main"}, {"command", {"/nowhere/program"}}})},
                 {"retention.failedMs", "700"}});
  auto stream = world.events();
  const auto session = world.start({{"profile", "small"}});
  while (event_of(stream, "session.state", session.id)["data"]["state"] != "failed") {
  }
  const auto files =
      fs::path{world.state()} / "vms" / world.session(session.id)["vm"]["id"].get<std::string>();
  CHECK(fs::exists(files));
  CHECK(event_of(stream, "retire.proposed", session.id)["data"]["reason"] == "failed");
  while (event_of(stream, "resource.released", session.id)["data"]["kind"] != "address") {
  }
  CHECK_FALSE(fs::exists(files));
  CHECK(world.session(session.id)["state"] == "failed");
  CHECK(world.why(session.id)["cause"]["kind"] == "exec-not-found");
}

TEST_CASE("at its greatest age a session asks on the page, and goes", "[retirement]") {
  World world(World::Set{{"retire.askMs", "60000"}});
  const auto session = world.start({{"profile", "terminal"}, {"maxMs", 4000}});
  Chromium chromium;
  auto page = chromium.new_page(world.viewer(session.id, session.token));
  page.wait_for("!document.querySelector('#retire').hidden", 60s);
  CHECK(page.evaluate("document.querySelector('#retire-countdown').textContent") != "");
  CHECK(world.session(session.id)["state"] == "ready");
  page.click("#retire-release");
  page.wait_for("document.body.dataset.state === 'ended'", 60s);
  world.wait_for_state(session.id, "ended");
  CHECK(world.why(session.id)["retirement"]["reason"] == "max-age");
}

TEST_CASE("a viewer who keeps a session keeps it", "[retirement]") {
  World world;
  auto stream = world.events();
  const auto session = world.start({{"profile", "terminal"}});
  Chromium chromium;
  auto page = chromium.new_page(world.viewer(session.id, session.token));
  page.wait_for(is_live, 60s);
  world.wait_for_state(session.id, "ready");
  CHECK(world.http().remove("/api/v1/sessions/" + session.id).status == 202);
  page.click("#retire-keep");
  const auto answered = event_of(stream, "retire.answered", session.id)["data"];
  CHECK(answered["answer"] == "keep");
  CHECK(answered["who"].get<std::string>().starts_with("viewer:"));
  page.wait_for("document.querySelector('#retire').hidden", 60s);
  CHECK(world.session(session.id)["state"] == "ready");
}

TEST_CASE("a guest of a lost ledger is found, quarantined and removed", "[retirement]") {
  const TemporaryDirectory profiles;
  const TemporaryDirectory state;
  const ServeProcess::Set set{{"profiles.path", write_profile(profiles, steady())},
                              {"guests.quarantineMs", "1500"}};
  std::optional<ServeProcess> controller(std::in_place, state.path().string(), "127.0.0.1:0", set);
  const auto answer =
      controller->http().post("/api/v1/sessions", {{"userId", "tester"}, {"profile", "small"}});
  REQUIRE(answer.status == 201);
  {
    EventStream stream{controller->address(), controller->token(), "/api/v1/events?since=0"};
    while (stream.next_of("session.state", 60s).data["data"]["state"] != "ready") {
    }
  }
  controller->end(SIGKILL);
  for (const auto& file : {"aerie.db", "aerie.db-wal", "aerie.db-shm"})
    fs::remove(state.path() / file);
  CHECK_FALSE(descendants("sleep").empty());

  controller.emplace(state.path().string(), "127.0.0.1:0", set);
  EventStream stream{controller->address(), controller->token(), "/api/v1/events?since=0"};
  const auto quarantined = stream.next_of("resource.quarantined", 60s).data;
  CHECK(quarantined["vm"] == answer.json()["vm"]["id"]);
  CHECK_FALSE(descendants("sleep").empty());
  CHECK(stream.next_of("retire.proposed", 60s).data["data"]["reason"] == "orphan");
  while (stream.next_of("resource.released", 60s).data["data"]["kind"] != "directory") {
  }
  CHECK(descendants("sleep").empty());
  CHECK(fs::is_empty(state.path() / "vms"));
}
