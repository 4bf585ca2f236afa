// Watching by WHEP with a player that is not ours: whip-whep, by the author of the draft, in a page
// of another origin.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "tests/support/chromium.hpp"
#include "tests/support/site.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::Chromium;
using aerie::test::HttpClient;
using aerie::test::Page;
using aerie::test::Site;
using aerie::test::World;

namespace {

/// What the guest shows: another colour twice a second, for a still screen sends nothing.
constexpr const char* blinker =
    "<!doctype html><title>blinker</title><body style='margin:0;height:100vh'><script>let n=0;"
    "setInterval(()=>{document.body.style.background=n++%2?'rgb(20,140,60)':'rgb(30,60,160)'},"
    "500)</script>";

/// The player's page, as a site would have it: it is told where and what to watch.
std::string player_page() {
  std::ifstream file{AERIE_SOURCE_FOLDER "/node_modules/whip-whep/whep.js"};
  REQUIRE(file);
  const std::string script{std::istreambuf_iterator<char>{file}, {}};
  return "<!doctype html><title>player</title><video id=screen muted autoplay playsinline></video>"
         "<script type=module>" +
         script + R"(
window.watch = async (url, token, kinds, policy) => {
  const peer = window.peer = new RTCPeerConnection({ bundlePolicy: policy });
  for (const kind of kinds) peer.addTransceiver(kind, { direction: 'recvonly' });
  peer.ontrack = ({ track, streams }) => {
    if (track.kind === 'video') document.querySelector('#screen').srcObject = streams[0];
  };
  window.player = new WHEPClient();
  await window.player.view(peer, url, token);
};
window.frames = () => document.querySelector('#screen').getVideoPlaybackQuality().totalVideoFrames;
window.isReady = true;
</script>)";
}

/// Where players are pages of another site.
World::Set of_site(const std::string& origin) {
  return {{"guests.hostNetwork", "true"},
          {"http.origins", Json::array({origin.substr(0, origin.size() - 1)}).dump()}};
}

std::size_t viewers(const World& world, const std::string& id) {
  return world.session(id)["viewers"].size();
}

/// Waits, by the events, until a viewer has left: one that closes says so. ICE would miss it after
/// more than twice that time.
void wait_until_left(const World& world) {
  auto events = world.events();
  (void)events.next_of("viewer.left");
}

/// A minimal offer that no codec of ours fits.
constexpr const char* no_video =
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"
    "c=IN IP4 0.0.0.0\r\na=recvonly\r\na=mid:0\r\n";

}  // namespace

TEST_CASE("a player that is not ours watches a session, and leaves it", "[players]") {
  const auto [kinds, policy, leave] = GENERATE(table<std::string, std::string, std::string>({
      {"['video']", "max-bundle", "player.stop()"},
      {"['audio', 'video']", "max-bundle", "player.stop()"},
      {"['video', 'audio']", "max-bundle", "player.stop()"},
      {"['audio', 'video']", "balanced", "peer.close()"},
  }));
  CAPTURE(kinds, policy, leave);
  Site pages(player_page());
  Site shown(blinker);
  World world(of_site(pages.url()));
  const auto session = world.start({{"url", shown.url()}});
  world.wait_for_state(session.id, "ready", 60s);

  Chromium chromium;
  auto page = chromium.new_page(pages.url());
  page.wait_for("window.isReady");
  const auto endpoint = "http://" + world.address() + "/whep/" + session.id;
  page.evaluate("watch('" + endpoint + "', '" + world.watch_token(session.id) + "', " + kinds +
                    ", '" + policy + "')",
                60s);
  page.wait_for("peer.connectionState === 'connected'", 60s);
  page.wait_for("frames() > 5", 60s);
  CHECK(page.evaluate("document.querySelector('#screen').videoWidth") == 1280);
  CHECK(page.evaluate("new URL(player.resourceURL).pathname")
            .get<std::string>()
            .starts_with("/whep/" + session.id + "/"));

  const auto document = world.session(session.id);
  REQUIRE(document["viewers"].size() == 1);
  CHECK(document["viewers"][0]["via"] == "whep");
  CHECK(document["viewers"][0]["role"] == "viewer");
  CHECK(document["viewers"][0]["control"] == false);
  auto events = world.events();
  while (events.next_of("session.stage").data["data"]["stage"] != "first-frame") {
  }

  page.evaluate(leave);
  wait_until_left(world);
  CHECK(viewers(world, session.id) == 0);
}

TEST_CASE("a player is told why it can't watch", "[players]") {
  World world;
  const auto session = world.start({{"profile", "terminal"}});
  const auto path = "/whep/" + session.id;
  const HttpClient::Headers sdp{{"Content-Type", "application/sdp"}};
  HttpClient http(world.address(), session.token);
  const auto early = http.request("POST", path, no_video, sdp);
  if (early.status == 409) CHECK(early.headers.at("retry-after") == "1");
  world.wait_for_state(session.id, "ready", 60s);
  const auto answer = http.request("POST", path, no_video, sdp);
  INFO(answer.body);
  CHECK(answer.status == 406);
  CHECK(answer.json()["error"]["code"] == "not-acceptable");
  CHECK(http.request("POST", path, no_video, {{"Content-Type", "text/plain"}}).status == 415);
  CHECK(http.request("POST", path, "nonsense", sdp).status == 400);
  CHECK(http.request("POST", path, "v=0" + std::string(70'000, 'x'), sdp).status == 413);
  CHECK(HttpClient(world.address()).request("POST", path, no_video, sdp).status == 401);
  const auto resource = path + "/" + session.id;
  CHECK(http.request("PATCH", resource, "a=mid:0\r\n",
                     {{"Content-Type", "application/trickle-ice-sdpfrag"}})
            .status == 404);
  CHECK(http.remove(resource).status == 404);
  CHECK(http.put(path, {}).status == 405);
  CHECK(http.get(path).status == 204);
  CHECK(viewers(world, session.id) == 0);
}
