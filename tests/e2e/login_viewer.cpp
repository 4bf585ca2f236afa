// A log-in as its viewer shows it.
#include <catch2/catch.hpp>

#include "tests/support/chromium.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using aerie::test::Chromium;
using aerie::test::World;

namespace {

std::string login_is(const std::string& state) {
  return "document.querySelector('#login').dataset.state === '" + state + "'";
}

}  // namespace

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
