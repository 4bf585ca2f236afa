// A person hears what the guest's browser plays, once they ask for it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/support/chromium.hpp"
#include "tests/support/listening.hpp"
#include "tests/support/site.hpp"
#include "tests/support/viewer_page.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::Chromium;
using aerie::test::is_live;
using aerie::test::is_loud;
using aerie::test::listener;
using aerie::test::Page;
using aerie::test::shows;
using aerie::test::Site;
using aerie::test::World;

namespace {

/// Plays a tone from the first click on.
constexpr const char* player =
    "<!doctype html><title>player</title><body style='margin:0;background:rgb(20,140,60);"
    "height:100vh'>player<script src=/say.js></script><script>"
    "onmousedown=()=>{const context=new AudioContext();const tone=context.createOscillator();"
    "tone.connect(context.destination);tone.start();"
    "say('plays')};</script>";

constexpr aerie::test::Colour green{20, 140, 60};
constexpr const char* sound = "document.querySelector('#sound').dataset.sound";

const World::Set reaches_sites{{"guests.hostNetwork", "true"}};

/// The process of a child that was started first: of streamers, another may stand by.
pid_t child_of(const World& world, const std::string& session, const std::string& name) {
  auto events = world.events();
  for (;;)
    if (const auto event = events.next_of("child.started");
        event.data["session"] == session && event.data["child"] == name)
      return event.data["data"]["pid"].get<pid_t>();
}

Page listening_page(Chromium& chromium, const std::string& viewer) {
  auto page = chromium.new_page("about:blank");
  page.in_every_document(listener);
  page.open(viewer);
  page.wait_for(is_live, 60s);
  page.wait_for("document.body.dataset.input === 'open'");
  return page;
}

std::string is(const char* what, const char* value) {
  return std::string(what) + " === '" + value + "'";
}

}  // namespace

TEST_CASE(
    "who presses the speaker hears the guest, also after its streamer died, and after a reload",
    "[audio]") {
  World world(reaches_sites);
  Site site(player);
  const auto session = world.start({{"url", site.url()}});
  Chromium chromium;
  auto page = listening_page(chromium, world.viewer(session.id, session.token));
  site.wait_for_post("loaded", 60s);
  page.wait_for(shows(green), 60s);
  page.click("#surface");
  site.wait_for_post("plays");
  CHECK(page.evaluate(sound) == "off");
  CHECK(page.evaluate("peers.length") == 1);
  const auto epoch = page.evaluate("document.body.dataset.epoch");

  page.click("#sound");
  page.wait_for(is(sound, "on"), 20s);
  page.wait_for(is_loud, 20s);
  CHECK(page.evaluate("peers.length") == 2);
  // The picture does not notice.
  CHECK(page.evaluate("document.body.dataset.epoch") == epoch);

  REQUIRE(::kill(child_of(world, session.id, "stream"), SIGKILL) == 0);
  page.wait_for("heard.peer > 1", 20s);
  page.wait_for(is_loud, 20s);

  page.reload();
  page.wait_for(is(sound, "on"), 20s);
  page.wait_for(is_loud, 20s);

  page.click("#sound");
  CHECK(page.evaluate(sound) == "off");
  page.wait_for("peers[heard.peer].connectionState === 'closed'");
  CHECK(page.evaluate(is_live) == true);
}

TEST_CASE("a guest whose audio server ended shows its picture, and says that it is silent",
          "[audio]") {
  World world(reaches_sites);
  Site site(player);
  const auto session = world.start({{"url", site.url()}});
  Chromium chromium;
  auto page = listening_page(chromium, world.viewer(session.id, session.token));
  page.click("#sound");
  page.wait_for("peers.length === 2 && peers[1].connectionState === 'connected'", 20s);
  REQUIRE(::kill(child_of(world, session.id, "audio"), SIGKILL) == 0);
  page.wait_for(is(sound, "off"), 20s);
  page.wait_for("document.querySelector('#toast').textContent.includes('no sound')");
  CHECK(page.evaluate(is_live) == true);
  CHECK(world.session(session.id)["state"] == "ready");
  const auto why = world.why(session.id);
  CHECK(why["cause"].is_null());
  CHECK(std::any_of(why["exits"].begin(), why["exits"].end(), [](const Json& each) {
    return each["child"] == "audio" && each["signal"] == "SIGKILL";
  }));
}

TEST_CASE("a guest without audio has no speaker, and offers none to who asks", "[audio]") {
  World world;
  const auto session = world.start({{"profile", "terminal"}});
  Chromium chromium;
  auto page = listening_page(chromium, world.viewer(session.id, session.token));
  CHECK(page.evaluate("document.querySelector('#sound').hidden") == true);
  CHECK(page.evaluate("peers.length") == 1);
  // One that once chose to hear asks with its hello.
  page.evaluate("localStorage.setItem('aerie.sound', 'on')");
  page.reload();
  page.wait_for(is_live, 60s);
  page.wait_for("document.body.dataset.input === 'open'");
  CHECK(page.evaluate("document.querySelector('#sound').hidden") == true);
  // The reload may have brought another offer of pictures.
  CHECK(page.evaluate("peers.some((peer) => peer.remoteDescription?.sdp.includes('m=audio'))") ==
        false);
}
