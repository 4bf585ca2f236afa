#include <catch2/catch.hpp>

#include "runtime/gateway/api/gateway_fixture.test.hpp"

namespace aerie::testing {

TEST_CASE("the doctor is asked for a profile and a driver", "[gateway][actor][doctor]") {
  GatewayFixture fixture;
  const auto id = fixture.ask({.path = "/api/v1/doctor", .query = {{"profile", "terminal"}}});
  CHECK_FALSE(fixture.server->responses.contains(id));
  REQUIRE(fixture.doctor->subjects == std::vector<std::string>{"terminal/process"});
  fixture.doctor->examined[0]({{"ok", true}, {"checks", Json::array()}});
  const auto answer = Json::parse(fixture.server->responses.at(id).body);
  CHECK(answer["ok"] == true);
  CHECK(answer["profiles"] == Json{"browser", "terminal"});
  CHECK(answer["drivers"] == Json{"process"});

  const auto outcome = [&](const std::string& name, const std::string& value) {
    return fixture.outcome({.path = "/api/v1/doctor", .query = {{name, value}}});
  };
  CHECK(outcome("profile", "nothing") == "422 bad-field profile");
  CHECK(outcome("driver", "nothing") == "422 bad-field driver");
  CHECK(fixture.outcome({.path = "/api/v1/doctor", .token = ""}) == "401 unauthorized");
}

TEST_CASE("the way is tested for operators alone", "[gateway][actor][doctor]") {
  GatewayFixture fixture;
  const auto servers = [&](const std::string& token) {
    const auto answer = fixture.call({.path = "/api/v1/doctor/network", .token = token});
    return Json::parse(answer.body)["iceServers"];
  };
  CHECK(servers("operator")[0]["credential"] == "c");
  CHECK(servers("observer") == Json::parse(R"([{"urls":"turn:a"}])"));
  const auto offer = [](const char* transport) {
    return Json{{"offer", "dj0wDQo="}, {"transport", transport}}.dump();
  };
  const auto wish = [&](const char* transport) {
    return GatewayFixture::Request{
        .method = "POST", .path = "/api/v1/doctor/network", .body = offer(transport)};
  };
  CHECK(fixture.outcome(wish("sctp")).starts_with("422"));
  auto plain = wish("udp");
  plain.body = R"({"offer":"v=0","transport":"udp"})";
  CHECK(fixture.outcome(plain) == "422 bad-field offer");
  const auto id = fixture.ask(wish("udp"));
  REQUIRE(fixture.doctor->subjects.back() == "udp/v=0\r\n");
  fixture.doctor->answered[0]("v=0 answered");
  CHECK(Json::parse(fixture.server->responses.at(id).body)["answer"] == "v=0 answered");

  const auto full = fixture.ask(wish("tcp"));
  fixture.doctor->answered[1](tl::unexpected(Cause{CauseKind::quota, "Enough.", "Wait.", {}}));
  CHECK(fixture.server->responses.at(full).status == 429);
  const auto broken = fixture.ask(wish("tcp"));
  fixture.doctor->answered[2](tl::unexpected(Cause{CauseKind::network_failed, "No.", "Look.", {}}));
  CHECK(fixture.server->responses.at(broken).status == 503);
  const auto wrong = fixture.ask(wish("tcp"));
  fixture.doctor->answered[3](
      tl::unexpected(Cause{CauseKind::link_violation, "No offer.", "Send one.", {}}));
  CHECK(fixture.server->responses.at(wrong).status == 422);
}

}  // namespace aerie::testing
