// The doctor's page: what it says of this host, and the ways from a browser to it.
#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/chromium.hpp"
#include "tests/support/turn_server.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::Chromium;
using aerie::test::ChromiumOptions;
using aerie::test::HttpClient;
using aerie::test::Page;
using aerie::test::World;

namespace {

constexpr auto with_peers = 60s;

Page open_doctor(Chromium& chromium, const World& world) {
  auto page = chromium.new_page("http://" + world.address() + "/doctor#token=" + world.token());
  page.wait_for("document.body.dataset.state === 'ready'", with_peers);
  return page;
}

std::string way(const std::string& name) {
  return "document.querySelector('[data-way=" + name + "]')";
}

std::string said(Page& page, const std::string& name) {
  return page.evaluate(way(name) + ".querySelector('.said').textContent").get<std::string>();
}

}  // namespace

TEST_CASE("the doctor's page shows each check, and the ways from this browser", "[doctor-page]") {
  World world;
  Chromium chromium;
  auto page = open_doctor(chromium, world);
  CHECK(page.evaluate("location.hash") == "");
  const auto answer = world.http().get("/api/v1/doctor").json();
  REQUIRE(answer["checks"].size() > 10);
  for (const auto& check : answer["checks"]) {
    INFO(check["name"]);
    const auto row =
        "document.querySelector('[data-check=\"" + check["name"].get<std::string>() + "\"]')";
    // What is in use of a limit changes from one look to the next.
    const auto text = check.contains("limit") ? check["name"] : check["message"];
    CHECK(page.evaluate(row + ".textContent.includes(" + text.dump() + ")") == true);
  }
  for (const auto* area : {"host", "configuration", "network", "disk", "limits"}) {
    INFO(area);
    CHECK(page.evaluate("document.querySelector('[data-area=" + std::string(area) +
                        "]') !== null") == true);
  }
  for (const auto* limit : {"descriptors", "threads", "pids"}) {
    INFO(limit);
    CHECK(page.evaluate("document.querySelector('[data-check=" + std::string(limit) +
                        "] meter').value > 0") == true);
  }

  page.wait_for("document.querySelector('#ways').dataset.state === 'tested'", with_peers);
  INFO(said(page, "udp") << " / " << said(page, "tcp") << " / " << said(page, "relay"));
  CHECK(page.evaluate(way("udp") + ".dataset.is") == "good");
  CHECK(page.evaluate(way("udp") + ".querySelector('.used').dataset.protocol") == "udp");
  CHECK(page.evaluate(way("tcp") + ".dataset.is") == "good");
  CHECK(page.evaluate(way("tcp") + ".querySelector('.used').dataset.protocol") == "tcp");
  CHECK(said(page, "relay") == "No TURN server is configured.");
  CHECK(page.evaluate("document.documentElement.scrollWidth <= innerWidth") == true);
}

TEST_CASE("a session's own stream is tested from the doctor's page", "[doctor-page]") {
  World world;
  const auto session = world.start({{"profile", "terminal"}});
  world.wait_for_state(session.id, "ready", 60s);
  Chromium chromium;
  auto page = open_doctor(chromium, world);
  page.wait_for("!document.querySelector('#test-session').disabled", with_peers);
  page.click("#test-session");
  page.wait_for(way("session") + "?.dataset.is === 'good'", with_peers);
  CHECK(page.evaluate(way("session") + ".querySelectorAll('.used').length") == 1);
}

TEST_CASE("a TURN server relays from the browser to this host", "[doctor-page]") {
  const aerie::test::TurnServer turn;
  World world{World::Set{{"media.iceServers", turn.ice_servers()}}};
  Chromium chromium;
  auto page = open_doctor(chromium, world);
  page.wait_for("document.querySelector('#ways').dataset.state === 'tested'", with_peers);
  INFO(said(page, "relay"));
  CHECK(page.evaluate(way("relay") + ".dataset.is") == "good");
  CHECK(page.evaluate(way("relay") +
                      ".querySelector('.used').textContent.includes('TURN server')") == true);
}

TEST_CASE("a TURN server that is not there is found out", "[doctor-page]") {
  World world{World::Set{
      {"media.iceServers",
       R"([{"urls":"turn:127.0.0.1:9","username":"u","credential":"not-to-be-shown"}])"}}};
  Chromium chromium;
  auto page = open_doctor(chromium, world);
  page.wait_for("document.querySelector('#ways').dataset.state === 'tested'", with_peers);
  INFO(said(page, "relay"));
  CHECK(page.evaluate(way("udp") + ".dataset.is") == "good");
  CHECK(page.evaluate(way("relay") + ".dataset.is") == "bad");
  CHECK(page.evaluate("document.body.textContent.includes('not-to-be-shown')") == false);
}

TEST_CASE("what fails is shown with its remedy, and the doctor wants a token",
          "[doctor-page][doctor]") {
  World world{World::Set{{"limits.memoryMiB", "64"}}};
  const auto answer = world.http().get("/api/v1/doctor").json();
  CHECK(answer["ok"] == false);
  ChromiumOptions options;
  options.width = 390;
  options.height = 844;
  options.flags = {"--blink-settings=preferredColorScheme=0"};
  Chromium chromium{options};
  auto page = open_doctor(chromium, world);
  CHECK(page.evaluate("document.querySelector('#verdict').className") == "bad");
  CHECK(page.evaluate("document.querySelector('[data-check=memory] .remedy').textContent.includes("
                      "'limits.memoryMiB')") == true);
  CHECK(page.evaluate("document.documentElement.scrollWidth <= innerWidth") == true);

  auto locked =
      chromium.new_page("http://" + world.address() + "/doctor#token=" + std::string(43, 'A'));
  locked.wait_for("document.body.dataset.state === 'locked'");
  CHECK(HttpClient(world.address(), "").get("/api/v1/doctor").status == 401);
  CHECK(world.http().get("/api/v1/doctor?profile=nothing").status == 422);
  CHECK(world.http().get("/api/v1/doctor?driver=nothing").status == 422);
  std::ifstream file(world.state() + "/observer.token");
  std::string observer;
  file >> observer;
  HttpClient reader(world.address(), observer);
  CHECK(reader.get("/api/v1/doctor").status == 200);
  CHECK(reader.get("/api/v1/doctor/network").status == 200);
  // Starting a peer is not for observers.
  CHECK(
      reader.post("/api/v1/doctor/network", {{"offer", "dj0wDQo="}, {"transport", "udp"}}).status ==
      403);
  CHECK(world.http()
            .post("/api/v1/doctor/network", {{"offer", "dj0wDQo="}, {"transport", "udp"}})
            .status == 422);
}
