// A viewer's network is replaced while it watches: the picture comes back by a new peer, once, and
// is used as before.
#include <catch2/catch.hpp>

#include "runtime/network/guest_networks.hpp"
#include "tests/support/chromium.hpp"
#include "tests/support/media_path.hpp"
#include "tests/support/moving_network.hpp"
#include "tests/support/site.hpp"
#include "tests/support/viewer_page.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::Chromium;
using aerie::test::is_live;
using aerie::test::MediaPath;
using aerie::test::MovingNetwork;
using aerie::test::Page;
using aerie::test::Site;
using aerie::test::StartedSession;
using aerie::test::World;

namespace {

/// Tells that it is there, and every key; with a clock in it that turns all the time, or nothing
/// that moves.
std::string teller(bool moves) {
  return std::string(
             "<!doctype html><title>teller</title><body style='margin:0;height:100vh;"
             "background:rgb(20,140,60)'><p style='font-size:90px'>0</p>"
             "<script src=/say.js></script><script>") +
         (moves ? "setInterval(() => { document.querySelector('p').textContent = "
                  "Math.round(performance.now()); }, 40);"
                : "") +
         "onkeydown = (event) => say('key ' + event.key);</script>";
}

/// The same where no site is reached: each key makes it red, or blue again.
constexpr const char* blinker =
    "data:text/html,<body style='margin:0;height:100vh;background:blue'><p "
    "style='font-size:90px'>0</p><script>setInterval(() => { "
    "document.querySelector('p').textContent = Math.round(performance.now()); }, 40); let n = 0; "
    "onkeydown = () => { document.body.style.background = ++n % 2 ? 'red' : 'blue'; };</script>";

/// Sites are on this host's loopback, and so are the peers.
const World::Set shares_network{{"guests.hostNetwork", "true"}};

/// In each document: its sockets, and each state of the page.
constexpr const char* recorder =
    "window.sockets = 0; window.WebSocket = class extends WebSocket { constructor(...all) { "
    "super(...all); window.sockets += 1; } };"
    "window.states = []; addEventListener('DOMContentLoaded', () => new MutationObserver(() => "
    "states.push(document.body.dataset.state)).observe(document.body, {attributeFilter: "
    "['data-state']}));"
    "window.peers = []; window.peerStates = []; window.RTCPeerConnection = class extends "
    "RTCPeerConnection { constructor(...all) { super(...all); peers.push(this); "
    "this.addEventListener('connectionstatechange', () => "
    "peerStates.push(this.connectionState)); } };";

int epoch_of(Page& page) {
  return std::stoi(page.evaluate("document.body.dataset.epoch").get<std::string>());
}

/// Waits for pictures and channels of another peer; its epoch.
int await_peer_after(Page& page, int epoch) {
  const auto is_newer = [&](const char* what) {
    return "Number(document.body.dataset." + std::string(what) + ") > " + std::to_string(epoch);
  };
  page.wait_for(is_newer("epoch") + " && " + is_newer("inputEpoch"), 60s);
  return epoch_of(page);
}

/// A key that is typed reaches the guest, and its page shows it.
void check_that_it_is_used(Page& page, Site& site, const char* key) {
  const std::string pictures =
      "document.querySelector('#screen').getVideoPlaybackQuality().totalVideoFrames";
  const auto before = page.evaluate(pictures).get<int>();
  page.type(key);
  site.wait_for_post(std::string("key ") + key);
  page.wait_for(pictures + " > " + std::to_string(before));
}

/// Waits until the decoded picture is red, or blue, in its lower right.
void wait_for_red(Page& page, bool red) {
  page.wait_for(
      "(() => { const video = document.querySelector('#screen'); const brush = (window.brush = "
      "window.brush || "
      "document.createElement('canvas').getContext('2d', {willReadFrequently: true})); "
      "brush.drawImage(video, 0, 0, 16, 16); const [red, , blue] = brush.getImageData(14, 14, 1, "
      "1).data; return " +
          std::string(red ? "red > 150 && blue < 90" : "blue > 150 && red < 90") + "; })()",
      60s);
}

/// A page whose way to its guest the test lays.
struct Watching {
  explicit Watching(bool moves) : site(teller(moves)) {
    session = world.start({{"url", site.url()}});
    site.wait_for_post("loaded", 60s);
    page.in_every_document(recorder);
    page.open(world.viewer(session.id, session.token));
    path.lay(60s);
    epoch = await_peer_after(page, 0);
    check_that_it_is_used(page, site, "a");
  }
  void check_that_nothing_showed() {
    CHECK(page.evaluate("states.filter((state) => state !== 'live' && state !== 'starting')") ==
          Json::array());
    CHECK(page.evaluate("document.querySelectorAll('video').length") == 1);
    CHECK(world.session(session.id)["viewers"].size() == 1);
  }

  World world{shares_network};
  Site site;
  StartedSession session;
  Chromium chromium;
  Page page = chromium.new_page("about:blank");
  MediaPath path{page};
  int epoch = 0;
};

}  // namespace

TEST_CASE("a way that is gone without a word is replaced by the guest's asking", "[moves]") {
  Watching watching(true);
  auto& [world, site, session, chromium, page, path, epoch] = watching;
  path.cut();
  path.lay();
  CHECK(await_peer_after(page, epoch) == epoch + 1);
  check_that_it_is_used(page, site, "b");
  watching.check_that_nothing_showed();
  CHECK(page.evaluate("sockets") == 1);
  // And once more.
  path.cut();
  path.lay();
  CHECK(await_peer_after(page, epoch + 1) == epoch + 2);
  check_that_it_is_used(page, site, "c");
  watching.check_that_nothing_showed();
}

TEST_CASE("an outage that ends costs one peer at most, and no key", "[moves]") {
  Watching watching(true);
  auto& [world, site, session, chromium, page, path, epoch] = watching;
  path.cut();
  page.wait_for("mediaPath.waiting.length > 0");  // another was offered
  path.mend();
  check_that_it_is_used(page, site, "b");  // by the peer that it had
  CHECK(epoch_of(page) == epoch);
  path.lay();
  CHECK(await_peer_after(page, epoch) == epoch + 1);
  check_that_it_is_used(page, site, "c");
  watching.check_that_nothing_showed();
  CHECK(world.session(session.id)["stream"]["epoch"] == epoch + 1);
}

TEST_CASE("the browser's news of another network renew what a still screen would not miss",
          "[moves]") {
  Watching watching(false);
  auto& [world, site, session, chromium, page, path, epoch] = watching;
  path.cut();
  page.evaluate("dispatchEvent(new Event('online'))");
  page.evaluate("dispatchEvent(new Event('online'))");
  path.lay();
  CHECK(await_peer_after(page, epoch) == epoch + 1);
  CHECK(page.evaluate("sockets") == 2);
  check_that_it_is_used(page, site, "b");
  watching.check_that_nothing_showed();
}

TEST_CASE("a still screen's way that is gone without a word is replaced once somebody types",
          "[moves]") {
  Watching watching(false);
  auto& [world, site, session, chromium, page, path, epoch] = watching;
  path.cut();
  page.type("lost");
  path.lay();
  CHECK(await_peer_after(page, epoch) == epoch + 1);
  CHECK(page.evaluate("peerStates.includes('disconnected')") == false);  // before ICE missed it
  check_that_it_is_used(page, site, "c");
  watching.check_that_nothing_showed();
}

TEST_CASE("a peer that the browser has closed, as before a sleep, is asked for anew", "[moves]") {
  Watching watching(false);
  auto& [world, site, session, chromium, page, path, epoch] = watching;
  page.evaluate("peers.at(-1).close()");
  path.lay(60s);
  CHECK(await_peer_after(page, epoch) == epoch + 1);
  check_that_it_is_used(page, site, "b");
}

TEST_CASE("a viewer goes from one network to another", "[moves][network]") {
  if (const auto probed = aerie::network::GuestNetworks::probe(); !probed) {
    WARN("skipped: " + probed.error().message);
    return;
  }
  MovingNetwork network;
  World world(MovingNetwork::controller());
  const auto session = world.start({{"url", blinker}});
  world.wait_for_state(session.id, "ready", 60s);
  Chromium chromium({.network = network.path()});
  auto page = chromium.new_page("about:blank");
  page.in_every_document(recorder);
  page.open(world.viewer(session.id, session.token));
  int epoch = await_peer_after(page, 0);
  wait_for_red(page, false);
  for (int i = 0; i < 3; ++i) {
    page.wait_for(
        "document.querySelector('#screen').getVideoPlaybackQuality().totalVideoFrames > 20");
    network.move();
    epoch = await_peer_after(page, epoch);
    page.type("a");
    wait_for_red(page, i % 2 == 0);
  }
  CHECK(world.session(session.id)["viewers"].size() == 1);
}
