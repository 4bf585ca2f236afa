// The guest's display follows the window of who is in control, and is had as a picture.
#include <catch2/catch.hpp>

#include "tests/support/chromium.hpp"
#include "tests/support/pixels.hpp"
#include "tests/support/site.hpp"
#include "tests/support/viewer_page.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::Chromium;
using aerie::test::HttpClient;
using aerie::test::is_live;
using aerie::test::Page;
using aerie::test::Picture;
using aerie::test::Site;
using aerie::test::World;

namespace {

/// Tells the size of its window, which is maximized.
constexpr const char* teller =
    "<!doctype html><title>teller</title><body style='margin:0;background:rgb(20,140,60);"
    "height:100vh'><script>let last=Promise.resolve();"
    "const say=(text)=>{last=last.then(()=>fetch('/said',{method:'POST',body:text}))};"
    "const tell=()=>say(`${outerWidth}x${outerHeight}`);"
    "onresize=tell;onload=tell</script>";

/// Sites are on this host's loopback.
const World::Set reaches_sites{{"guests.hostNetwork", "true"}};

/// True once the picture that is shown has just the stage's size, but for odd pixels.
constexpr const char* fits =
    "(() => { const video = document.querySelector('#screen'); const stage = "
    "document.querySelector('#stage').getBoundingClientRect(); return "
    "video.videoWidth === Math.floor(stage.width / 2) * 2 && "
    "video.videoHeight === Math.floor(stage.height / 2) * 2; })()";

std::string size_of(Page& page) {
  return page.evaluate(
      "(() => { const video = document.querySelector('#screen'); return "
      "`${video.videoWidth}x${video.videoHeight}`; })()");
}

}  // namespace

TEST_CASE("the guest's display follows the window of its host, in the same peer", "[display]") {
  World world(reaches_sites);
  Site site(teller);
  const auto session = world.start({{"url", site.url()}});
  Chromium chromium;
  auto host = chromium.new_page(world.viewer(session.id, session.token));
  host.wait_for(is_live, 60s);
  host.wait_for(fits, 60s);
  // The browser fills the display.
  const auto told = [&] { site.wait_for_post(size_of(host), 60s); };
  told();
  auto watcher =
      chromium.new_page(world.viewer(session.id, world.watch_token(session.id), "viewer"));
  watcher.wait_for(is_live, 60s);
  const auto epoch = host.evaluate("document.body.dataset.epoch");
  const auto epochs = world.session(session.id)["stream"]["epoch"];

  for (const auto& [width, height] : {std::pair{1000, 700}, {700, 900}, {1500, 1000}}) {
    host.resize(width, height);
    host.wait_for(fits, 30s);
    told();
    // The other one sees the same picture in its own window.
    watcher.wait_for(
        "(() => { const video = document.querySelector('#screen'); return "
        "`${video.videoWidth}x${video.videoHeight}` === '" +
        size_of(host) + "'; })()");
  }
  CHECK(host.evaluate("document.body.dataset.epoch") == epoch);
  CHECK(world.session(session.id)["stream"]["epoch"] == epochs);
  // Beyond the largest it keeps the window's shape.
  host.resize(3000, 1050);
  host.wait_for("document.querySelector('#screen').videoWidth === 2560", 30s);
}

TEST_CASE("a display that was asked for stays as it is", "[display]") {
  World world(reaches_sites);
  const auto session =
      world.start({{"profile", "browser"}, {"display", {{"width", 640}, {"height", 480}}}});
  Chromium chromium;
  auto host = chromium.new_page(world.viewer(session.id, session.token));
  host.wait_for(is_live, 60s);
  host.wait_for("document.body.dataset.input === 'open'");
  CHECK(host.evaluate("document.querySelector('#fit-row').hidden") == true);
  CHECK(size_of(host) == "640x480");
}

TEST_CASE("a session's screen is had as a picture, watched or not", "[display][screenshot]") {
  World world;
  const auto session = world.start({{"profile", "terminal"}});
  const auto path = "/api/v1/sessions/" + session.id + "/screenshot";
  const auto early = world.http().get(path);
  CHECK((early.status == 409 || early.status == 200));
  world.wait_for_state(session.id, "ready");
  HttpClient owner(world.address(), session.token);
  const auto answer = owner.get(path);
  REQUIRE(answer.status == 200);
  CHECK(answer.headers.at("content-type") == "image/png");
  const auto picture = Picture::from_png(answer.body);
  REQUIRE(picture);
  CHECK(picture->width() == 640);
  CHECK(picture->height() == 360);
  CHECK(HttpClient(world.address(), world.watch_token(session.id)).get(path).status == 403);
  CHECK(HttpClient(world.address()).get(path).status == 401);
}
