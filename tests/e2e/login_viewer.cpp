// A person signs in to a real OpenID provider inside the guest, looking through the viewer.
#include <catch2/catch.hpp>

#include "tests/support/chromium.hpp"
#include "tests/support/login_scene.hpp"
#include "tests/support/oidc_provider.hpp"
#include "tests/support/owner.hpp"
#include "tests/support/planted.hpp"
#include "tests/support/sign_in.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::Chromium;
using aerie::test::credential_of;
using aerie::test::files_with;
using aerie::test::fill_in;
using aerie::test::HttpClient;
using aerie::test::OidcProvider;
using aerie::test::Owner;
using aerie::test::Page;
using aerie::test::StartedSession;
using aerie::test::ToolFolder;
using aerie::test::World;

namespace {

std::string login_is(const std::string& state) {
  return "document.querySelector('#login').dataset.state === '" + state + "'";
}

std::string text_of(const std::string& id) {
  return "document.querySelector('#" + id + "').textContent";
}

/// A controller, a provider, and a person in front of a viewer.
struct Scene {
  explicit Scene(const std::vector<std::string>& provider_arguments = {})
      : provider(provider_arguments) {
    tools.add("hasty", "exec aerie-oidc login", {{"withinMs", 2'000}});
    // The provider is on this host's loopback, which guests share under these settings.
    world = std::make_unique<World>(tools.settings());
  }

  StartedSession start(const std::string& tool, Json env = Json::object()) const {
    env["OIDC_ISSUER"] = provider.issuer();
    return world->start(
        {{"provider", tool}, {"profile", "login"}, {"env", env}, {"credentialKey", owner.key()}});
  }

  Page look_at(const StartedSession& session) {
    return chromium.new_page(world->viewer(session.id, session.token));
  }

  /// What the owner gets, who gets it once.
  [[nodiscard]] Json fetch(const StartedSession& session) const {
    HttpClient http{world->address(), session.token};
    const auto answer = http.get(credential_of(session));
    REQUIRE(answer.status == 200);
    CHECK(http.get(credential_of(session)).status == 410);
    const auto file = answer.json()["files"][0];
    CHECK(file["name"] == "~/.config/aerie-oidc/token.json");
    return Json::parse(owner.open(file["sealed"]));
  }

  ToolFolder tools;
  OidcProvider provider;
  Owner owner;
  std::unique_ptr<World> world;
  Chromium chromium;
};

}  // namespace

TEST_CASE("a person signs in through the viewer, and the owner gets the token", "[login][view]") {
  Scene scene;
  const auto session = scene.start("oidc");
  const auto host = scene.provider.issuer().substr(std::string{"http://"}.size());
  {
    auto page = scene.look_at(session);
    page.wait_for(login_is("awaiting-user"), 90s);
    CHECK(page.evaluate("document.querySelector('#login-address strong').textContent") == host);
    page.wait_for(text_of("login-remedy") + ".includes('The session is kept for it, at most')");
    fill_in(page, "login", {OidcProvider::user, "not-her-password"});
    scene.provider.wait_for("wrong");
  }
  // The person has closed the tab, and comes back.
  auto page = scene.look_at(session);
  page.wait_for(login_is("awaiting-user"), 60s);
  fill_in(page, "wrong", {OidcProvider::user, OidcProvider::password});
  fill_in(page, "consent", {});
  page.wait_for(login_is("completed"), 60s);
  page.wait_for(text_of("login-detail") + ".includes('waits for its owner')");
  page.wait_for(text_of("login-remedy") + ".includes('The session is kept for it, at most')");

  const auto token = scene.fetch(session);
  const auto access_token = token["access_token"].get<std::string>();
  CHECK_FALSE(access_token.empty());
  CHECK(token.contains("id_token"));
  page.wait_for("/handed over to its owner at \\d/.test(" + text_of("login-detail") + ")");
  CHECK(scene.world->session(session.id)["login"]["state"] == "completed");

  const auto shown = page.evaluate("document.documentElement.innerHTML").get<std::string>();
  const auto home = "vms/" + session.document["vm"]["id"].get<std::string>() + "/home/";
  for (const auto& secret :
       {access_token, token["id_token"].get<std::string>(), std::string{OidcProvider::password}}) {
    CHECK(shown.find(secret) == std::string::npos);
    CHECK(files_with(scene.world->state(), secret, {home}) == std::vector<std::string>{});
  }
}

TEST_CASE("a person signs a device in through the viewer", "[login][view]") {
  Scene scene;
  const auto session = scene.start("oidc", {{"OIDC_DEVICE", "1"}});
  auto page = scene.look_at(session);
  fill_in(page, "confirm", {});
  fill_in(page, "login", {OidcProvider::user, OidcProvider::password});
  fill_in(page, "consent", {});
  page.wait_for(OidcProvider::is_painted("done"), 60s);
  page.wait_for(login_is("completed"), 60s);
  CHECK_FALSE(scene.fetch(session)["access_token"].get<std::string>().empty());
}

TEST_CASE("a callback that never comes is given up by its person, who tries again",
          "[login][view]") {
  Scene scene{{"--stay-silent"}};
  const auto session = scene.start("oidc");
  auto page = scene.look_at(session);
  fill_in(page, "login", {OidcProvider::user, OidcProvider::password});
  page.wait_for(OidcProvider::is_painted("silence"), 60s);
  CHECK(scene.world->session(session.id)["login"]["state"] == "awaiting-user");
  page.click("#login-cancel");
  page.wait_for(login_is("cancelled"));
  CHECK(page.evaluate("document.querySelector('#login-address').hidden") == true);
  page.click("#login-retry");
  page.wait_for(OidcProvider::is_painted("login"), 60s);
  page.wait_for(login_is("awaiting-user"));
  CHECK(scene.world->session(session.id)["login"]["attempt"] == 2);
}

TEST_CASE("a callback that never comes is waited for until the deadline", "[login][view]") {
  Scene scene;
  const auto session = scene.start("hasty");
  auto page = scene.look_at(session);
  page.wait_for(login_is("timed-out"), 90s);
  CHECK(scene.world->session(session.id)["login"]["cause"]["kind"] == "deadline");
  page.wait_for("!document.querySelector('#login-retry').hidden");
  CHECK(HttpClient(scene.world->address(), session.token).get(credential_of(session)).status ==
        404);
}

TEST_CASE("a provider that is down fails the log-in, which is tried again", "[login][view]") {
  World world{World::Set{{"guests.hostNetwork", "true"}}};
  // Port 1 of loopback: nobody listens there.
  const auto session =
      world.start({{"provider", "oidc"}, {"env", {{"OIDC_ISSUER", "http://127.0.0.1:1"}}}});
  CHECK(session.document["profile"] == "login");
  Chromium chromium;
  auto page = chromium.new_page(world.viewer(session.id, session.token));
  page.wait_for(login_is("failed"), 90s);
  const auto cause = world.session(session.id)["login"]["cause"];
  CHECK(cause["kind"] == "exit-code");
  CHECK_THAT(cause["evidence"].dump(), Catch::Contains("could not be asked"));
  page.wait_for("!document.querySelector('#login-retry').hidden");
  page.click("#login-retry");
  auto events = world.events();
  while (events.next_of("login.state", 60s).data["data"]["attempt"] != 2) {
  }
}
