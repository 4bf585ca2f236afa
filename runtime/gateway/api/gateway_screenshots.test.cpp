#include <catch2/catch.hpp>

#include "runtime/gateway/api/gateway_fixture.test.hpp"

namespace aerie::testing {

namespace {

const std::string path = std::string("/api/v1/sessions/") + GatewayFixture::known + "/screenshot";

}  // namespace

TEST_CASE("a session's screen is answered as PNG to who may see the session", "[gateway]") {
  GatewayFixture fixture;
  for (const auto* token : {"operator", "observer", "owner"}) {
    const auto response = fixture.call({.path = path, .token = token});
    CHECK(response.status == 200);
    CHECK(response.content_type == "image/png");
    CHECK(response.body == "a picture");
  }
  CHECK(fixture.outcome({.path = path, .token = ""}) == "401 unauthorized");
  CHECK(fixture.outcome({.path = path, .token = "watcher"}) == "403 forbidden");
  CHECK(fixture.outcome({.path = std::string("/api/v1/sessions/") + GatewayFixture::other +
                                 "/screenshot"}) == "404 not-found");
}

TEST_CASE("a screen that can't be had is refused with its reason", "[gateway]") {
  GatewayFixture fixture;
  const auto [code, outcome] = GENERATE(table<std::string, std::string>({
      {"stream-not-up", "409 stream-not-up"},
      {"rate-limited", "429 rate-limited"},
      {"unavailable", "503 unavailable"},
  }));
  fixture.screenshot_refusal = signaling::Refusal{code, "Why.", ""};
  CHECK(fixture.outcome({.path = path}) == outcome);
  fixture.is_over = true;
  CHECK(fixture.outcome({.path = path}) == "409 conflict");
}

}  // namespace aerie::testing
