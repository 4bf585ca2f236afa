// What nobody may read afterwards is planted in a real session at the most talkative level, and
// looked for in every log and file.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <map>

#include "tests/support/chromium.hpp"
#include "tests/support/event_stream.hpp"
#include "tests/support/planted.hpp"
#include "tests/support/serve_process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/viewer_page.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::Chromium;
using aerie::test::EventStream;
using aerie::test::files_with;
using aerie::test::is_live;
using aerie::test::ServeProcess;
using aerie::test::TemporaryDirectory;

namespace fs = std::filesystem;

namespace {

/// Keeps what the page's peers say to each other, and the channels on which it speaks to the guest.
constexpr const char* listener =
    "window.sdps = []; window.channels = [];"
    "for (const name of ['setLocalDescription', 'setRemoteDescription']) {"
    "  const before = RTCPeerConnection.prototype[name];"
    "  RTCPeerConnection.prototype[name] = function (description) {"
    "    if (description) sdps.push(description.sdp);"
    "    this.addEventListener('datachannel', (event) => channels.push(event.channel));"
    "    return before.call(this, description); }; }";

}  // namespace

TEST_CASE("no secret is in a log or file, however talkative the controller is", "[secrets]") {
  const TemporaryDirectory state;
  ServeProcess controller(state.path().string(), "127.0.0.1:0",
                          {{"log.level", "debug"}, {"retention.tombstonesMs", "3600000"}});
  const std::string in_environment = "planted-environment-4b1f";
  const std::string typed = "planted-keys-77aa";
  const std::string copied = "planted-clipboard-c3d9";
  const auto session = controller.http()
                           .post("/api/v1/sessions", {{"userId", "tester"},
                                                      {"profile", "terminal"},
                                                      {"env", {{"PLANTED", in_environment}}}})
                           .json();
  const auto id = session["id"].get<std::string>();
  const auto token = session["token"].get<std::string>();
  const auto watch =
      controller.http()
          .post("/api/v1/sessions/" + id + "/tokens", {{"role", "viewer"}, {"ttlMs", 60'000}})
          .json()["token"]
          .get<std::string>();
  Chromium chromium;
  auto page = chromium.new_page("about:blank");
  page.in_every_document(listener);
  page.open("http://" + controller.address() + "/view/" + id + "#token=" + token);
  page.wait_for(is_live, 60s);
  page.wait_for(
      "channels.some((channel) => channel.label === 'input' && "
      "channel.readyState === 'open')");
  page.click(640, 400);
  page.type(typed);
  page.evaluate(
      "channels.find((channel) => channel.label === 'input').send(JSON.stringify({type: "
      "'clipboard', text: '" +
      copied + "'}))");
  // What cannot be read is answered by a refusal that must not repeat it.
  page.evaluate(
      "channels.find((channel) => channel.label === 'input').send(JSON.stringify({type: "
      "'text', txt: '" +
      typed + "'}))");
  const auto credentials = page.evaluate(
      "[...new Set(sdps.flatMap((sdp) => [...sdp.matchAll(/a=ice-(?:ufrag|pwd):(\\S+)/g)].map("
      "(match) => match[1])))]");
  REQUIRE(credentials.size() >= 4);
  const auto resume = page.evaluate("JSON.parse(sessionStorage.getItem('aerie.session." + id +
                                    ".host.resume')).resume")
                          .get<std::string>();
  for (const auto* line : {"inspect ", "why ", "events ", "logs "})
    controller.http().post("/api/v1/console", {{"line", line + id}});
  // A wrong token, and a right one where none belongs.
  (void)aerie::test::HttpClient(controller.address(), "planted-token-f00d").get("/api/v1/sessions");
  (void)controller.http().get("/api/v1/sessions?token=planted-query-1dea");

  // Those that may be only where they are kept: the operator's in its file, the peers' in the
  // messages that a viewer may come back for.
  std::map<std::string, std::vector<std::string>> secrets{{controller.token(), {"operator.token"}},
                                                          {token, {}},
                                                          {watch, {}},
                                                          {resume, {}},
                                                          {in_environment, {}},
                                                          {typed, {}},
                                                          {copied, {}},
                                                          {"planted-token-f00d", {}},
                                                          {"planted-query-1dea", {}}};
  for (const auto& credential : credentials)
    if (const auto text = credential.get<std::string>(); text.size() > 8)
      secrets[text] = {"aerie.db"};

  const auto look = [&] {
    for (const auto& [secret, keepers] : secrets) {
      INFO(secret);
      CHECK(files_with(state.path(), secret, keepers) == std::vector<std::string>{});
      CHECK(controller.words().find(secret) == std::string::npos);
    }
  };
  look();
  {
    EventStream events(controller.address(), controller.token(), "/api/v1/events?since=0");
    controller.http().remove("/api/v1/sessions/" + id + "?force=true");
    events.next_of("tombstone.written", 60s);
  }
  REQUIRE(fs::exists(state.path() / "tombstones" / id / "why.json"));
  look();
  // That the looking finds something: what the log does say.
  CHECK(controller.words().find(id) != std::string::npos);
  CHECK_FALSE(files_with(state.path(), id, {}).empty());
}
