// What a person sees, and what is known afterwards, when something dies or is ended.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/support/chromium.hpp"
#include "tests/support/descendants.hpp"
#include "tests/support/site.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/viewer_page.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::Chromium;
using aerie::test::descendants;
using aerie::test::is_live;
using aerie::test::shows;
using aerie::test::Site;
using aerie::test::World;

namespace {

/// The streamer that was started first: another may stand by.
pid_t streamer_of(const World& world, const std::string& session) {
  auto events = world.events();
  for (;;)
    if (const auto event = events.next_of("child.started");
        event.data["session"] == session && event.data["child"] == "stream")
      return event.data["data"]["pid"].get<pid_t>();
}

}  // namespace

TEST_CASE("a killed streamer is named at once and returns", "[fault]") {
  World world;
  const auto session = world.start({{"profile", "terminal"}});
  Chromium chromium;
  auto page = chromium.new_page(world.viewer(session.id, session.token));
  page.wait_for(is_live, 60s);
  const int epoch = std::stoi(page.evaluate("document.body.dataset.epoch").get<std::string>());
  page.evaluate(
      "void (window.seen = [], new MutationObserver(() => "
      "seen.push(document.body.dataset.state)).observe(document.body, {attributes: true}))");
  auto watcher = world.join(session.id, world.watch_token(session.id), "viewer");
  watcher.next_of("offer");

  REQUIRE(::kill(streamer_of(world, session.id), SIGKILL) == 0);

  const auto told = watcher.next_of("stream");
  CHECK(told["state"] == "restarting");
  CHECK(told["cause"]["kind"] == "signal");
  CHECK(told["cause"]["message"].get<std::string>().find("SIGKILL") != std::string::npos);
  page.wait_for("Number(document.body.dataset.epoch) > " + std::to_string(epoch) + " && " + is_live,
                60s);
  CHECK(page.evaluate("seen.includes('restarting')") == true);

  const auto why = world.why(session.id);
  REQUIRE(why["exits"].size() == 1);
  CHECK(why["exits"][0]["child"] == "stream");
  CHECK(why["exits"][0]["signal"] == "SIGKILL");
  CHECK(why["exits"][0]["kind"] == "signal");
  CHECK(world.session(session.id)["state"] == "ready");
  CHECK(world.session(session.id)["stream"]["restarts"] == 1);
}

TEST_CASE("what is typed while the streamer is away arrives at the next, in its order", "[fault]") {
  World world(World::Set{{"guests.hostNetwork", "true"}});
  Site site(
      "<!doctype html><body style='margin:0;background:rgb(20,140,60);height:100vh'>teller"
      "<script src=/say.js></script><script>onkeydown=(event)=>say(event.key)</script>");
  const auto session = world.start({{"url", site.url()}});
  Chromium chromium;
  auto page = chromium.new_page(world.viewer(session.id, session.token));
  page.wait_for(shows({20, 140, 60}), 60s);
  CHECK(site.next_post(60s) == "loaded");
  page.click("#surface");
  page.type("a");
  CHECK(site.next_post() == "a");
  page.evaluate(
      "void new MutationObserver((changes, observer) => { if (document.body.dataset.state !== "
      "'restarting') return; observer.disconnect(); for (const key of 'bcde') for (const type of "
      "['keydown', 'keyup']) document.querySelector('#keys').dispatchEvent("
      "new KeyboardEvent(type, {key, cancelable: true})); }).observe(document.body, "
      "{attributes: true})");

  REQUIRE(::kill(streamer_of(world, session.id), SIGKILL) == 0);

  for (const auto* key : {"b", "c", "d", "e"})
    CHECK(site.next_post() == key);
}

TEST_CASE("a streamer that stands still is named hung, killed and replaced", "[fault]") {
  World world;
  const auto session = world.start({{"profile", "terminal"}});
  auto watcher = world.join(session.id, world.watch_token(session.id), "viewer");
  const auto first = watcher.next_of("offer")["epoch"].get<int>();

  const auto frozen = streamer_of(world, session.id);
  REQUIRE(::kill(frozen, SIGSTOP) == 0);

  auto told = watcher.next_of("stream");
  while (told["state"] != "restarting")
    told = watcher.next_of("stream");
  CHECK(told["cause"]["kind"] == "hung");
  CHECK(watcher.next_of("offer")["epoch"].get<int>() > first);
  CHECK(world.why(session.id)["exits"][0]["kind"] == "hung");
  const auto streamers = descendants("aerie-stream");
  CHECK_FALSE(streamers.empty());
  CHECK(std::count(streamers.begin(), streamers.end(), frozen) == 0);
}

TEST_CASE("a guest whose child crashes for ever is replaced once, then the first cause stands",
          "[fault]") {
  const aerie::test::TemporaryDirectory profiles;
  std::ofstream(profiles.path() / "doomed.json")
      << Json{{"name", "doomed"},
              {"intensity", {{"restarts", 2}, {"withinMs", 60'000}}},
              {"children",
               {{{"name", "agent"},
                 {"command", {"/bin/sh", "-c", "echo my last words; kill -SEGV $$"}},
                 {"backoff", {{"firstMs", 0}, {"maxMs", 0}}}}}}};
  World world(World::Set{{"profiles.path", profiles.path().string()}});
  const auto session = world.start({{"profile", "doomed"}});
  const auto document = world.wait_for_state(session.id, "failed");
  const auto why = world.why(session.id);
  CHECK(why["cause"]["kind"] == "crash-loop");
  CHECK(why["cause"]["evidence"].dump().find("SIGSEGV") != std::string::npos);
  CHECK(why["cause"]["evidence"].dump().find("my last words") != std::string::npos);
  int replaced = 0;
  for (const auto& entry : why["timeline"])
    replaced += entry["kind"] == "vm.replaced" ? 1 : 0;
  CHECK(replaced == 1);
  CHECK(document["vm"]["id"] != session.document["vm"]["id"]);
}

TEST_CASE("what no restart mends fails the session at once, with the remedy", "[fault]") {
  const aerie::test::TemporaryDirectory profiles;
  std::ofstream(profiles.path() / "absent.json")
      << Json{{"name", "absent"},
              {"children", {{{"name", "agent"}, {"command", {"/usr/bin/no-such-agent"}}}}}};
  World world(World::Set{{"profiles.path", profiles.path().string()}});
  const auto session = world.start({{"profile", "absent"}});
  world.wait_for_state(session.id, "failed");
  const auto why = world.why(session.id);
  CHECK(why["cause"]["kind"] == "exec-not-found");
  CHECK(why["cause"]["message"].get<std::string>().find("no-such-agent") != std::string::npos);
  CHECK_FALSE(why["cause"]["remedy"].get<std::string>().empty());
  CHECK(std::count_if(why["exits"].begin(), why["exits"].end(),
                      [](const Json& exit) { return exit["child"] == "agent"; }) == 1);
}

TEST_CASE("a session that is asked to go asks its viewer, then leaves nothing behind", "[fault]") {
  World world;
  const auto session = world.start({{"profile", "terminal"}});
  Chromium chromium;
  auto page = chromium.new_page(world.viewer(session.id, session.token));
  page.wait_for(is_live, 60s);
  world.wait_for_state(session.id, "ready");

  const auto proposal = world.http().remove("/api/v1/sessions/" + session.id);
  CHECK(proposal.status == 202);
  CHECK(proposal.json()["reason"] == "requested");
  page.click("#retire-release");
  page.wait_for("document.body.dataset.state === 'ended'", 60s);

  world.wait_for_state(session.id, "ended");
  CHECK(world.why(session.id)["retirement"]["reason"] == "requested");
  CHECK(descendants("aerie-guest").empty());
  CHECK(descendants("Xvfb").empty());
}

TEST_CASE("the end of an embedded controller takes its guests along", "[fault]") {
  World world;
  const auto session = world.start({{"profile", "terminal"}});
  world.wait_for_state(session.id, "ready", 60s);
  CHECK_FALSE(descendants("aerie-stream").empty());
  const auto state = world.state();
  world.end();
  CHECK(descendants("aerie-stream").empty());
  CHECK(descendants("aerie-guest").empty());
  CHECK(descendants("bwrap").empty());
  CHECK_FALSE(std::filesystem::exists(state));
}

TEST_CASE("one session's token opens no other session", "[fault]") {
  World world;
  const auto mine = world.start({{"profile", "terminal"}});
  const auto other = world.start({{"profile", "terminal"}});
  aerie::test::HttpClient client(world.address(), mine.token);
  CHECK(client.get("/api/v1/sessions/" + mine.id).status == 200);
  CHECK(client.get("/api/v1/sessions/" + other.id).status == 404);
  CHECK(client.get("/api/v1/sessions").json()["sessions"].size() == 1);
  CHECK(client.get("/metrics").status == 403);
  auto socket = world.join(other.id, mine.token);
  CHECK(socket.next()["type"] == "error");
  CHECK(socket.close_code() == 1008);
}
