// A person signs in to a real OpenID provider inside the guest, looking through the viewer.
#include <catch2/catch.hpp>

#include "tests/support/chromium.hpp"
#include "tests/support/oidc_provider.hpp"
#include "tests/support/owner.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::Chromium;
using aerie::test::HttpClient;
using aerie::test::OidcProvider;
using aerie::test::Owner;
using aerie::test::Page;
using aerie::test::StartedSession;
using aerie::test::World;

namespace {

constexpr const char* is_live = "document.body.dataset.state === 'live'";

std::string login_is(const std::string& state) {
  return "document.querySelector('#login').dataset.state === '" + state + "'";
}

/// A controller, a provider, and a person in front of a viewer.
struct Scene {
  StartedSession start(Json env) {
    env["OIDC_ISSUER"] = provider.issuer();
    return world.start({{"provider", "oidc"}, {"env", env}, {"credentialKey", owner.key()}});
  }

  /// Clicks into the guest's page, which gives its first field the keyboard, and types.
  static void fill(Page& page, const std::vector<std::string>& words) {
    page.click("#surface");
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (i > 0) page.press("Tab");
      page.type(words[i]);
    }
    page.press("Enter");
  }

  Json fetch(const StartedSession& session) const {
    HttpClient http{world.address(), session.token};
    const auto path = "/api/v1/sessions/" + session.id + "/credential";
    const auto answer = http.get(path);
    REQUIRE(answer.status == 200);
    CHECK(http.get(path).status == 410);
    const auto file = answer.json()["files"][0];
    CHECK(file["name"] == "~/.config/aerie-oidc/token.json");
    return Json::parse(owner.open(file["sealed"]));
  }

  OidcProvider provider;
  Owner owner;
  World world{World::Set{{"guests.hostNetwork", "true"}}};
  Chromium chromium;
};

}  // namespace

TEST_CASE("a person signs in through the viewer, and the owner gets the token", "[login][view]") {
  Scene scene;
  const auto session = scene.start(Json::object());
  CHECK(session.document["profile"] == "login");
  auto page = scene.chromium.new_page(scene.world.viewer(session.id, session.token));
  scene.provider.wait_for("login", 90s);
  page.wait_for(is_live, 60s);
  page.wait_for(login_is("awaiting-user"));
  const auto host = scene.provider.issuer().substr(7);
  CHECK(page.evaluate("document.querySelector('#login-address strong').textContent") == host);

  Scene::fill(page, {OidcProvider::user, "wrong"});
  scene.provider.wait_for("wrong");

  // The person closes the tab, and comes back.
  page.reload();
  page.wait_for(is_live, 60s);
  page.wait_for(login_is("awaiting-user"));
  Scene::fill(page, {OidcProvider::user, OidcProvider::password});
  scene.provider.wait_for("consent");
  Scene::fill(page, {""});
  page.wait_for(login_is("completed"), 60s);
  CHECK_FALSE(page.evaluate("document.querySelector('#login-detail').textContent")
                  .get<std::string>()
                  .empty());

  const auto token = scene.fetch(session);
  const auto access_token = token["access_token"].get<std::string>();
  CHECK_FALSE(access_token.empty());
  CHECK(token.contains("id_token"));
  page.wait_for("document.querySelector('#login-detail').textContent.includes('handed over')");
  CHECK(page.evaluate("document.documentElement.innerHTML").get<std::string>().find(access_token) ==
        std::string::npos);
  CHECK(scene.world.session(session.id)["login"]["state"] == "completed");
}

TEST_CASE("a person signs a device in through the viewer", "[login][view]") {
  Scene scene;
  const auto session = scene.start({{"OIDC_DEVICE", "1"}});
  auto page = scene.chromium.new_page(scene.world.viewer(session.id, session.token));
  scene.provider.wait_for("confirm", 90s);
  page.wait_for(is_live, 60s);
  Scene::fill(page, {""});
  scene.provider.wait_for("login");
  Scene::fill(page, {OidcProvider::user, OidcProvider::password});
  scene.provider.wait_for("consent");
  Scene::fill(page, {""});
  scene.provider.wait_for("done");
  page.wait_for(login_is("completed"), 60s);
  CHECK_FALSE(scene.fetch(session)["access_token"].get<std::string>().empty());
}

TEST_CASE("a provider that is down fails the log-in, which is tried again", "[login][view]") {
  World world{World::Set{{"guests.hostNetwork", "true"}}};
  // Port 1 of loopback: nobody listens there.
  const auto session =
      world.start({{"provider", "oidc"}, {"env", {{"OIDC_ISSUER", "http://127.0.0.1:1"}}}});
  Chromium chromium;
  auto page = chromium.new_page(world.viewer(session.id, session.token));
  page.wait_for(login_is("failed"), 90s);
  CHECK(world.session(session.id)["login"]["cause"]["kind"] == "exit-code");
  page.wait_for("!document.querySelector('#login-retry').hidden");
  page.click("#login-retry");
  auto events = world.events();
  while (events.next_of("login.state", 60s).data["data"]["attempt"] != 2) {
  }
}
