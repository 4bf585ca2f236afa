// Two persons sign in to a real OpenID provider at once, each in a guest of their own.
#include <catch2/catch.hpp>
#include <sodium.h>

#include "tests/support/chromium.hpp"
#include "tests/support/login_scene.hpp"
#include "tests/support/oidc_provider.hpp"
#include "tests/support/owner.hpp"
#include "tests/support/sign_in.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::Chromium;
using aerie::test::credential_of;
using aerie::test::fill_in;
using aerie::test::HttpClient;
using aerie::test::login_of;
using aerie::test::OidcProvider;
using aerie::test::Owner;
using aerie::test::Page;
using aerie::test::StartedSession;
using aerie::test::World;

namespace {

std::string login_is(const std::string& state) {
  return "document.querySelector('#login').dataset.state === '" + state + "'";
}

/// Who a token is about: the claim `sub` of its `id_token`.
std::string subject_of(const Json& token) {
  const auto text = token.at("id_token").get<std::string>();
  const auto from = text.find('.') + 1;
  const auto claims = text.substr(from, text.find('.', from) - from);
  std::string json(claims.size(), '\0');
  std::size_t size = 0;
  REQUIRE(sodium_base642bin(reinterpret_cast<unsigned char*>(json.data()), json.size(),
                            claims.data(), claims.size(), nullptr, &size, nullptr,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0);
  json.resize(size);
  return Json::parse(json).at("sub").get<std::string>();
}

/// The part of an address that is of one log-in alone.
std::string state_in(const std::string& address) {
  const std::string name = "state=";
  const auto from = address.find(name);
  REQUIRE(from != std::string::npos);
  return address.substr(from + name.size(), address.find('&', from) - from - name.size());
}

/// Somebody with a session, a key and a viewer of their own.
struct Person {
  Person(World& world, Chromium& chromium, const std::string& issuer)
      : session(world.start({{"provider", "oidc"},
                             {"env", {{"OIDC_ISSUER", issuer}}},
                             {"credentialKey", owner.key()}})),
        http(world.address(), session.token),
        viewer(chromium.new_page(world.viewer(session.id, session.token))) {}

  /// Once the log-in has an address, which of the two it is.
  std::string wait_for_address() {
    viewer.wait_for(login_is("awaiting-user"), 90s);
    return http.get("/api/v1/sessions/" + session.id).json()["login"]["url"];
  }
  [[nodiscard]] Json fetch() {
    const auto answer = http.get(credential_of(session));
    REQUIRE(answer.status == 200);
    CHECK(http.get(credential_of(session)).status == 410);
    sealed = answer.json()["files"][0]["sealed"];
    return Json::parse(owner.open(sealed));
  }

  Owner owner;
  StartedSession session;
  HttpClient http;
  Page viewer;
  std::string sealed;
};

/// Nothing of the other's session is there for one.
void check_apart(Person& one, const Person& other, const std::string& address_of_other) {
  const auto path = "/api/v1/sessions/" + other.session.id;
  CHECK(one.http.get(path).status == 404);
  CHECK(one.http.get("/api/v1/why/" + other.session.id).status == 404);
  CHECK(one.http.get(credential_of(other.session)).status == 404);
  CHECK(one.http.post(login_of(other.session, "cancel"), Json::object()).status == 404);
  const auto listed = one.http.get("/api/v1/sessions").json()["sessions"];
  REQUIRE(listed.size() == 1);
  CHECK(listed[0]["id"] == one.session.id);
  const auto shown = one.viewer.evaluate("document.documentElement.innerHTML").get<std::string>();
  CHECK(shown.find(other.session.id.substr(0, 8)) == std::string::npos);
  CHECK(shown.find(state_in(address_of_other)) == std::string::npos);
}

}  // namespace

TEST_CASE("two persons sign in at once, and each sees and gets their own only", "[login][view]") {
  const OidcProvider provider;
  // The provider is on this host's loopback, which guests share under this setting.
  World world{World::Set{{"guests.hostNetwork", "true"}}};
  Chromium chromium;
  Person ada{world, chromium, provider.issuer()};
  Person grace{world, chromium, provider.issuer()};
  const auto address_of_ada = ada.wait_for_address();
  const auto address_of_grace = grace.wait_for_address();
  CHECK(state_in(address_of_ada) != state_in(address_of_grace));

  // Step by step beside each other, so that each is in the middle of it when the other goes on.
  ada.viewer.bring_to_front();
  fill_in(ada.viewer, "login", {OidcProvider::user, OidcProvider::password});
  grace.viewer.bring_to_front();
  fill_in(grace.viewer, "login", {OidcProvider::other_user, OidcProvider::other_password});
  check_apart(ada, grace, address_of_grace);
  check_apart(grace, ada, address_of_ada);
  ada.viewer.bring_to_front();
  fill_in(ada.viewer, "consent", {});
  ada.viewer.wait_for(login_is("completed"), 60s);
  CHECK(world.session(grace.session.id)["login"]["state"] != "completed");
  grace.viewer.bring_to_front();
  fill_in(grace.viewer, "consent", {});
  grace.viewer.wait_for(login_is("completed"), 60s);

  CHECK(subject_of(grace.fetch()) == OidcProvider::other_user);
  CHECK(subject_of(ada.fetch()) == OidcProvider::user);
  CHECK_THROWS_AS(ada.owner.open(grace.sealed), std::runtime_error);
  CHECK_THROWS_AS(grace.owner.open(ada.sealed), std::runtime_error);
}
