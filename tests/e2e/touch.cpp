// A person with a phone: fingers, and the keys that a phone's keyboard lacks.
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

/// Tells what reaches it, and is larger than its window.
constexpr const char* teller =
    "<!doctype html><title>teller</title><body style='margin:0;background:rgb(20,140,60);"
    "height:300vh'>teller<script src=/say.js></script><script>let turned=false;let from=0;"
    "onkeydown=(event)=>say(`key ${event.ctrlKey?'Control+':''}${event.key}`);"
    "onmousedown=(event)=>{from=event.clientX;say('down '+event.button)};"
    "onmouseup=(event)=>say(`up ${event.button}${event.clientX>from+40?' moved':''}`);"
    "oncontextmenu=()=>false;onwheel=()=>{if(!turned)say('wheel');turned=true};"
    "let sized;onload=()=>{const grown=()=>{clearTimeout(sized);"
    "sized=setTimeout(()=>say('stands '+innerWidth),200)};onresize=grown;grown()}</script>";

/// Sites are on this host's loopback.
const World::Set reaches_sites{{"guests.hostNetwork", "true"}};

constexpr double left = 150;
constexpr double top = 400;

/// As long as a finger is held for it to be no tap.
void hold(Page& page) {
  page.evaluate("new Promise((resolve) => setTimeout(resolve, 650))");
}

double zoom(Page& page) {
  return page.evaluate(
      "Number(getComputedStyle(document.querySelector('#stage')).getPropertyValue('--zoom')) || 1");
}

void move_fingers(Page& page, std::pair<double, double> one, std::pair<double, double> other,
                  double one_by, double other_by) {
  page.touch("touchStart", {one});
  page.touch("touchStart", {one, other});
  for (int step = 1; step <= 8; ++step)
    page.touch("touchMove", {{one.first, one.second + one_by * step / 8},
                             {other.first, other.second + other_by * step / 8}});
  page.touch("touchEnd", {});
}

}  // namespace

TEST_CASE("a phone's fingers and keys reach the guest", "[touch]") {
  World world(reaches_sites);
  Site site(teller);
  const auto session = world.start({{"url", site.url()}});
  Chromium chromium;
  auto page = chromium.new_page(world.viewer(session.id, session.token));
  page.resize(390, 844, true);
  page.reload();
  page.wait_for(is_live, 60s);
  site.wait_for_post("loaded", 60s);
  // The guest's display has the phone's shape, and is no narrower than its browser can be.
  page.wait_for("document.querySelector('#screen').videoWidth === 500", 60s);
  site.wait_for_post("stands 500", 60s);
  page.wait_for(shows({20, 140, 60}), 60s);

  (void)site.repeat_until_post("down 0", [&] {
    page.touch("touchStart", {{left, top}});
    page.touch("touchEnd", {});
  });
  site.wait_for_post("up 0");

  page.touch("touchStart", {{left, top}});
  hold(page);
  page.touch("touchEnd", {});
  site.wait_for_post("down 2");
  site.wait_for_post("up 2");

  page.touch("touchStart", {{left, top}});
  hold(page);
  for (int step = 1; step <= 10; ++step)
    page.touch("touchMove", {{left + 8 * step, top}});
  page.evaluate("new Promise((resolve) => requestAnimationFrame(resolve))");
  page.touch("touchEnd", {});
  site.wait_for_post("up 0 moved");

  move_fingers(page, {left, top}, {left + 80, top}, -150, -150);
  site.wait_for_post("wheel");
  CHECK(zoom(page) == 1);
  move_fingers(page, {left, top}, {left, top + 60}, -100, 100);
  CHECK(zoom(page) > 2);
  move_fingers(page, {left, top - 100}, {left, top + 160}, 118, -118);
  CHECK(zoom(page) == 1);

  CHECK(page.evaluate("getComputedStyle(document.querySelector('#touch-keys')).display") == "none");
  page.click("#type");
  page.wait_for("getComputedStyle(document.querySelector('#touch-keys')).display === 'flex'");
  page.click("#touch-keys [aria-label=\"Esc\"]");
  site.wait_for_post("key Escape");
  page.click("#touch-keys [aria-label=\"Left\"]");
  site.wait_for_post("key ArrowLeft");
  page.click("#touch-keys [aria-label=\"Ctrl\"]");
  page.type("b");
  site.wait_for_post("key Control+b");
  page.type("x");
  site.wait_for_post("key x");
}
