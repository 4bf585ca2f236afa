// A person looks at a session, types into it, reloads, is joined by another.
#include <catch2/catch.hpp>

#include "tests/support/chromium.hpp"
#include "tests/support/site.hpp"
#include "tests/support/viewer_page.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::Chromium;
using aerie::test::is_live;
using aerie::test::Page;
using aerie::test::shows;
using aerie::test::Site;
using aerie::test::World;

namespace {

/// Fills the window with a colour and tells every key, button and wheel turn it is given.
constexpr const char* teller =
    "<!doctype html><title>teller</title><body style='margin:0;background:rgb(20,140,60);"
    "height:100vh'>teller<script src=/say.js></script><script>"
    "onkeydown=(event)=>{say('key '+event.key)};"
    "onmousedown=(event)=>say(`button ${event.button} ${event.screenX} ${event.screenY}`);"
    "onwheel=(event)=>say('wheel '+Math.sign(event.deltaY))</script>";

constexpr aerie::test::Colour green{20, 140, 60};

/// Sites are on this host's loopback.
const World::Set reaches_sites{{"guests.hostNetwork", "true"}};

/// Where a point of the guest's display, once it fits the window, is seen in the viewer's page.
Json place_of(Page& page, int x, int y) {
  page.wait_for(
      "(() => { const video = document.querySelector('#screen'); const box = "
      "video.getBoundingClientRect(); return Math.abs(video.videoWidth - box.width) <= 1 && "
      "Math.abs(video.videoHeight - box.height) <= 1; })()");
  return page.evaluate(
      "(() => { const video = document.querySelector('#screen'); const box = "
      "video.getBoundingClientRect(); const scale = Math.min(box.width / video.videoWidth, "
      "box.height / video.videoHeight); return {x: box.x + (box.width - scale * "
      "video.videoWidth) / 2 + scale * (" +
      std::to_string(x) + " + 0.5), y: box.y + (box.height - scale * video.videoHeight) / 2 + " +
      "scale * (" + std::to_string(y) + " + 0.5)}; })()");
}

}  // namespace

TEST_CASE("one click starts a browser, seen and used in the page", "[view]") {
  World world(reaches_sites);
  Site site(teller);
  Chromium chromium;
  auto page = chromium.new_page("http://" + world.address() + "/#token=" + world.token());
  CHECK(page.evaluate("location.hash") == "");

  page.click("#url");
  page.type(site.url());
  page.click("#go");
  page.wait_for("location.pathname.startsWith('/view/')");
  page.wait_for(is_live, 60s);
  site.wait_for_post("loaded", 60s);
  page.wait_for(shows(green), 60s);
  CHECK(page.screenshot().share_of(green, 30) > 0.4);

  const auto place = place_of(page, 640, 500);
  const auto click =
      site.repeat_until_post("button 0 ", [&] { page.click(place["x"], place["y"]); });
  int button = -1;
  int x = 0;
  int y = 0;
  REQUIRE(std::sscanf(click.c_str(), "button %d %d %d", &button, &x, &y) == 3);
  CHECK(button == 0);
  CHECK(std::abs(x - 640) <= 2);
  CHECK(std::abs(y - 500) <= 2);

  page.type("Hi 2");
  for (const auto* key : {"H", "i", " ", "2"})
    site.wait_for_post(std::string("key ") + key);
  page.press("Enter");
  site.wait_for_post("key Enter");
  page.wheel(place["x"], place["y"], 0, 240);
  site.wait_for_post("wheel 1");
}

TEST_CASE("a second page watches, and its keys go nowhere", "[view]") {
  World world(reaches_sites);
  Site site(teller);
  const auto session = world.start({{"url", site.url()}});
  Chromium chromium;
  auto host = chromium.new_page(world.viewer(session.id, session.token));
  host.wait_for(is_live, 60s);
  auto watcher =
      chromium.new_page(world.viewer(session.id, world.watch_token(session.id), "viewer"));
  watcher.wait_for(is_live, 60s);
  host.wait_for(shows(green), 60s);
  watcher.wait_for(shows(green), 60s);
  CHECK(world.session(session.id)["viewers"].size() == 2);
  CHECK(site.next_post(60s) == "loaded");

  watcher.type("no");
  host.bring_to_front();
  host.type("y");
  std::vector<std::string> said;
  do
    said.push_back(site.next_post());
  while (said.back() != "key y");
  CHECK_THAT(said, !Catch::VectorContains(std::string("key n")));
  CHECK_THAT(said, !Catch::VectorContains(std::string("key o")));
}

TEST_CASE("a reloaded viewer resumes its place", "[view]") {
  World world(reaches_sites);
  Site site(teller);
  const auto session = world.start({{"url", site.url()}});
  Chromium chromium;
  auto page = chromium.new_page(world.viewer(session.id, session.token));
  page.wait_for(is_live, 60s);
  const auto before = world.session(session.id)["viewers"];
  REQUIRE(before.size() == 1);

  page.reload();
  page.wait_for(is_live, 60s);
  page.wait_for(shows(green), 60s);
  const auto after = world.session(session.id)["viewers"];
  REQUIRE(after.size() == 1);
  CHECK(after[0]["id"] == before[0]["id"]);
  CHECK(after[0]["control"] == true);
}

TEST_CASE("a warm guest is somebody's at once, shows their page, and is replaced", "[view]") {
  World world(World::Set{{"pool.browser", "1"}, reaches_sites.front()});
  auto events = world.events();
  const auto await_warm = [&events] {
    for (;;)
      if (const auto event = events.next_of("vm.state", 60s);
          event.data["data"].value("warm", false))
        return event.data["vm"].get<std::string>();
  };
  const auto warm = await_warm();
  Site site(teller);
  const auto session = world.start({{"url", site.url()}});
  CHECK(session.document["vm"]["id"] == warm);
  world.wait_for_state(session.id, "ready");
  Chromium chromium;
  auto page = chromium.new_page(world.viewer(session.id, session.token));
  page.wait_for(is_live, 60s);
  site.wait_for_post("loaded", 60s);
  page.wait_for(shows(green), 60s);
  CHECK(world.session(session.id)["vm"]["id"] == warm);
  CHECK(await_warm() != warm);
}

TEST_CASE("a viewer that did not load whole says so, and loads itself again", "[view]") {
  World world(reaches_sites);
  const auto session = world.start();
  Chromium chromium;
  auto page = chromium.new_page("about:blank");
  page.block({"*/web/viewer.js"});
  page.open(world.viewer(session.id, session.token));
  page.wait_for("document.querySelector('.noscript').textContent.includes('viewer.js')");
  page.block({});
  page.wait_for(is_live, 60s);
  CHECK(page.evaluate("document.querySelector('.noscript')").is_null());
  CHECK(page.evaluate("location.hash") == "");  // the token is not left in the address
}

TEST_CASE("a wrong token opens nothing and says so", "[view]") {
  World world;
  const auto session = world.start({{"profile", "terminal"}});
  const std::string wrong(43, 'A');

  CHECK(aerie::test::HttpClient(world.address(), wrong).get("/api/v1/sessions").status == 401);
  CHECK(aerie::test::HttpClient(world.address()).get("/api/v1/sessions").status == 401);
  auto socket = world.join(session.id, wrong);
  CHECK(socket.next()["code"] == "unauthorized");
  CHECK(socket.close_code() == 1008);

  Chromium chromium;
  auto page = chromium.new_page(world.viewer(session.id, wrong));
  page.wait_for("document.body.dataset.state === 'disconnected'");
  CHECK_FALSE(
      page.evaluate("document.querySelector('#status').textContent").get<std::string>().empty());
  CHECK(page.evaluate("document.querySelector('#screen').videoWidth") == 0);
}
