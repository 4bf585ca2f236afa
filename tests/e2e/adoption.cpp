// The controller dies or is replaced; the guests and those who watch them do not.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <sys/wait.h>

#include "tests/support/chromium.hpp"
#include "tests/support/descendants.hpp"
#include "tests/support/event_stream.hpp"
#include "tests/support/serve_process.hpp"
#include "tests/support/site.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/viewer_page.hpp"
#include "tests/support/websocket_client.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::Chromium;
using aerie::test::descendants;
using aerie::test::EventStream;
using aerie::test::is_live;
using aerie::test::Page;
using aerie::test::ServeProcess;
using aerie::test::Site;
using aerie::test::TemporaryDirectory;
using aerie::test::WebSocketClient;

namespace {

/// Moves all the time, and tells every key.
constexpr const char* mover =
    "<!doctype html><title>mover</title><body style='margin:0;background:rgb(20,140,60);"
    "height:100vh'><div id=box style='position:absolute;width:200px;height:200px;"
    "background:white'></div><script src=/say.js></script><script>let n=0;const "
    "step=()=>{box.style.left=(n=(n+7)%900)+'px';"
    "requestAnimationFrame(step)};step();"
    "onkeydown=(event)=>say('key '+event.key)</script>";

/// In the viewer's page: keeps the welcomes and offers that its sockets hear.
constexpr const char* listener =
    "window.heard = []; const Native = WebSocket; window.WebSocket = class extends Native { "
    "constructor(...all) { super(...all); this.addEventListener('message', (event) => { "
    "const message = JSON.parse(event.data); "
    "if (['welcome', 'offer'].includes(message.type)) heard.push(message); }); } };";

constexpr const char* frames =
    "document.querySelector('#screen').getVideoPlaybackQuality().totalVideoFrames";

Json create(const ServeProcess& controller, Json wish) {
  wish["userId"] = "tester";
  const auto answer = controller.http().post("/api/v1/sessions", wish);
  REQUIRE(answer.status == 201);
  return answer.json();
}

Json document(const ServeProcess& controller, const std::string& id) {
  return controller.http().get("/api/v1/sessions/" + id).json();
}

Json why(const ServeProcess& controller, const std::string& id) {
  return controller.http().get("/api/v1/why/" + id).json();
}

EventStream events(const ServeProcess& controller) {
  return {controller.address(), controller.token(), "/api/v1/events?since=0"};
}

/// Reads on until an event of this kind came whose data says so.
void wait_for(EventStream& stream, const std::string& kind, const char* field, const Json& value) {
  for (;;)
    if (stream.next_of(kind, 60s).data["data"].value(field, Json()) == value) return;
}

pid_t child_of(const ServeProcess& controller, const Json& session, const std::string& name) {
  const auto vm =
      controller.http().get("/api/v1/vms/" + session["vm"]["id"].get<std::string>()).json();
  for (const auto& child : vm["children"])
    if (child["name"] == name) return child["pid"].get<pid_t>();
  throw std::runtime_error("no child " + name + " in " + vm.dump());
}

WebSocketClient join(const ServeProcess& controller, const Json& session, Json hello = {}) {
  WebSocketClient socket(controller.address());
  hello.update({{"type", "hello"},
                {"session", session["id"]},
                {"token", session["token"]},
                {"role", "host"}});
  socket.send(hello);
  return socket;
}

/// Sites are on this host's loopback.
const ServeProcess::Set reaches_sites{{"guests.hostNetwork", "true"}};

}  // namespace

TEST_CASE("a killed controller costs the viewer nothing", "[adoption]") {
  const TemporaryDirectory state;
  Site site(mover);
  std::optional<ServeProcess> controller(std::in_place, state.path().string(), "127.0.0.1:0",
                                         reaches_sites);
  const auto address = controller->address();
  const auto session = create(*controller, {{"url", site.url()}});
  const std::string id = session["id"];
  Chromium chromium;
  auto page = chromium.new_page("about:blank");
  page.in_every_document(listener);
  page.open("http://" + address + "/view/" + id + "#token=" + session["token"].get<std::string>());
  page.wait_for(is_live, 60s);
  page.wait_for(std::string{frames} + " > 10", 60s);
  {
    auto stream = events(*controller);
    wait_for(stream, "session.state", "state", "ready");
  }
  const auto before = document(*controller, id);

  CHECK(controller->end(SIGKILL).signal == "SIGKILL");
  const auto seen = page.evaluate(frames).get<int>();
  page.wait_for(std::string{frames} + " > " + std::to_string(seen + 30), 60s);
  page.wait_for("document.body.dataset.state === 'disconnected'");
  page.type("a");
  page.evaluate("void (window.heard = [])");

  controller.emplace(state.path().string(), address, reaches_sites);
  const auto welcome = page.wait_for("heard.find((each) => each.type === 'welcome')", 60s);
  CHECK(welcome["resumed"] == true);
  page.wait_for(is_live, 60s);
  page.type("b");
  site.wait_for_post("key b", 60s);
  const auto again = page.evaluate(frames).get<int>();
  page.wait_for(std::string{frames} + " > " + std::to_string(again + 10), 60s);
  CHECK(page.evaluate("heard.some((each) => each.type === 'offer')") == false);

  const auto after = document(*controller, id);
  CHECK(after["state"] == "ready");
  CHECK(after["vm"] == before["vm"]);
  CHECK(after["stream"] == before["stream"]);
  REQUIRE(after["viewers"].size() == 1);
  CHECK(after["viewers"][0]["id"] == before["viewers"][0]["id"]);
  CHECK(after["viewers"][0]["control"] == true);
  CHECK(why(*controller, id)["exits"].empty());
}

TEST_CASE("what ended while no controller was there is known to the next", "[adoption]") {
  const TemporaryDirectory state;
  std::optional<ServeProcess> controller(std::in_place, state.path().string());
  const auto address = controller->address();
  const auto session = create(*controller, {{"profile", "terminal"}});
  const std::string id = session["id"];
  {
    auto stream = events(*controller);
    wait_for(stream, "session.state", "state", "ready");
  }
  auto socket = join(*controller, session);
  const auto welcome = socket.next_of("welcome");
  const auto offer = socket.next_of("offer");
  const auto child = child_of(*controller, session, "terminal");

  controller->end(SIGKILL);
  REQUIRE(::kill(child, SIGKILL) == 0);
  controller.emplace(state.path().string(), address);
  auto again =
      join(*controller, session, {{"resume", welcome["resume"]}, {"lastSeq", offer["seq"]}});
  const auto second = again.next_of("welcome");
  CHECK(second["resumed"] == true);
  CHECK(second["viewer"] == welcome["viewer"]);
  CHECK(second["seq"] == offer["seq"]);

  auto stream = events(*controller);
  stream.next_of("child.exited", 60s);
  const auto exits = why(*controller, id)["exits"];
  REQUIRE(exits.size() == 1);
  CHECK(exits[0]["child"] == "terminal");
  CHECK(exits[0]["signal"] == "SIGKILL");
  CHECK(exits[0]["pid"] == child);
  CHECK(document(*controller, id)["state"] == "ready");
}

TEST_CASE("SIGTERM leaves the guests to the next controller, SIGINT ends them", "[adoption]") {
  const TemporaryDirectory state;
  std::optional<ServeProcess> controller(std::in_place, state.path().string());
  const auto session = create(*controller, {{"profile", "terminal"}});
  const std::string id = session["id"];
  {
    auto stream = events(*controller);
    wait_for(stream, "session.state", "state", "ready");
  }
  auto socket = join(*controller, session);
  socket.next_of("welcome");
  CHECK(controller->end(SIGTERM).code == 0);
  CHECK(socket.close_code() == 1012);
  const auto guests = descendants("aerie-guest");
  CHECK_FALSE(guests.empty());

  controller.emplace(state.path().string());
  CHECK(document(*controller, id)["state"] == "ready");
  CHECK(descendants("aerie-guest") == guests);
  CHECK(controller->end(SIGINT).code == 0);
  CHECK(descendants("aerie-guest").empty());

  controller.emplace(state.path().string());
  CHECK(document(*controller, id)["state"] == "ended");
}

TEST_CASE("a guest that is gone fails its session, which says so", "[adoption]") {
  const TemporaryDirectory state;
  std::optional<ServeProcess> controller(std::in_place, state.path().string());
  const auto session = create(*controller, {{"profile", "terminal"}});
  const std::string id = session["id"];
  {
    auto stream = events(*controller);
    wait_for(stream, "session.state", "state", "ready");
  }
  const auto vm =
      controller->http().get("/api/v1/vms/" + session["vm"]["id"].get<std::string>()).json();
  controller->end(SIGKILL);
  // The guest's first process is a child of ours by now.
  const auto first = vm["pid"].get<pid_t>();
  REQUIRE(::kill(first, SIGKILL) == 0);
  REQUIRE(::waitpid(first, nullptr, 0) == first);
  controller.emplace(state.path().string());
  auto stream = events(*controller);
  wait_for(stream, "session.state", "state", "failed");
  CHECK(why(*controller, id)["cause"]["kind"] == "controller-restarted");
  CHECK(controller->http().remove("/api/v1/sessions/" + id + "?force=true").status == 202);
}
