#include "messages/link.hpp"

#include <catch2/catch.hpp>

using namespace aerie;
using namespace aerie::link;

namespace {

ChildNews some_exit() {
  ChildNews news;
  news.kind = ChildNewsKind::exited;
  news.child = "browser";
  news.pid = 12;
  news.restarts = 3;
  news.exit = ExitRecord{};
  news.exit->child = "browser";
  news.exit->kind = CauseKind::signal;
  news.exit->signal = "SIGSEGV";
  news.retry_in = Duration{100};
  news.detail = "why";
  news.cause = Cause{CauseKind::signal, "message", "remedy", {"line"}};
  return news;
}

}  // namespace

TEST_CASE("a guest's messages survive the link", "[link]") {
  const std::vector<GuestMessage> all{Linked{true},
                                      Configured{},
                                      some_exit(),
                                      LogLines{"browser", true, {"a", "b"}},
                                      AllReady{},
                                      StreamSays{{{"type", "ready"}}},
                                      Finished{Cause{CauseKind::crash_loop, "m", "r", {}}}};
  for (const auto& message : all) {
    const auto frame = to_frame(message);
    const auto parsed = parse_guest_message(frame);
    REQUIRE(parsed);
    CHECK(to_frame(*parsed) == frame);
  }
}

TEST_CASE("the host's messages survive the link", "[link]") {
  Configure configure;
  configure.vm = "v";
  configure.profile.edit().name = "p";
  ChildSpec child;
  child.name = "a";
  child.command = {"/bin/true"};
  configure.profile.edit().children = {child};
  configure.env = {{"A", "1"}};
  const std::vector<HostMessage> all{configure,
                                     Assign{"s", "https://a.test", Duration{5}},
                                     RestartChild{"a", "operator"},
                                     KillChild{"a", 15, "operator"},
                                     Stop{"reaper"},
                                     Renew{"s", "v", Json::array(), Duration{5}, 7},
                                     StreamSays{{{"type", "ping"}}}};
  for (const auto& message : all) {
    const auto frame = to_frame(message);
    const auto parsed = parse_host_message(frame);
    REQUIRE(parsed);
    CHECK(to_frame(*parsed) == frame);
  }
}

TEST_CASE("a lying guest is caught", "[link]") {
  auto bad_name = to_frame(GuestMessage{some_exit()});
  bad_name["child"] = "../etc";
  auto no_exit = to_frame(GuestMessage{some_exit()});
  no_exit.erase("exit");
  auto bad_cause = to_frame(GuestMessage{some_exit()});
  bad_cause["cause"]["kind"] = "no-such";
  auto many_lines = to_frame(GuestMessage{LogLines{"a", false, {}}});
  many_lines["lines"] = std::vector<std::string>(65, "x");
  auto long_line = to_frame(GuestMessage{LogLines{"a", false, {std::string(20'000, 'x')}}});
  for (const auto& frame :
       {bad_name, no_exit, bad_cause, many_lines, long_line, Json{{"type", "configure"}},
        Json{{"type", 7}}, Json::object(), Json{{"type", "stream"}, {"body", 1}},
        Json{{"type", "child"}, {"event", "flew"}, {"child", "a"}},
        Json{{"type", "child"}, {"event", "ready"}, {"child", "a"}, {"pid", -4}}}) {
    INFO(frame.dump());
    const auto parsed = parse_guest_message(frame);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == CauseKind::link_violation);
  }
}

TEST_CASE("words of a log-in survive the link", "[link][login]") {
  const LoginNews news{3, LoginState::awaiting_user, "https://id.example/a?b=c", std::nullopt};
  const auto heard = parse_guest_message(to_frame(GuestMessage{news}));
  REQUIRE(heard);
  CHECK(std::get<LoginNews>(*heard).url == news.url);
  CHECK(std::get<LoginNews>(*heard).attempt == 3);

  const CredentialPart part{3, 1, 2, "~/auth.json", 9, "c2VhbGVk"};
  const auto kept = parse_guest_message(to_frame(GuestMessage{part}));
  REQUIRE(kept);
  CHECK(std::get<CredentialPart>(*kept).file == 2);
  CHECK(std::get<CredentialPart>(*kept).part == 1);

  LoginOrder order{4, Provider{}, "key"};
  order.provider->name = "demo";
  order.provider->command = {"demo"};
  order.provider->url = "(.*)";
  order.provider->line = "done";
  const auto begun = parse_host_message(to_frame(HostMessage{order}));
  REQUIRE(begun);
  CHECK(std::get<LoginOrder>(*begun).provider == order.provider);
  const auto cancelled = parse_host_message(to_frame(HostMessage{LoginOrder{4, {}, {}}}));
  REQUIRE(cancelled);
  CHECK_FALSE(std::get<LoginOrder>(*cancelled).provider);
}

TEST_CASE("what a guest says of a log-in is judged", "[link][login]") {
  const auto change = GENERATE(Json{{"state", "unheard-of"}}, Json{{"url", "javascript:alert(1)"}},
                               Json{{"url", "https://a.example/\n"}},
                               Json{{"url", std::string(9000, 'a')}}, Json{{"attempt", 0}},
                               Json{{"attempt", "1"}}, Json{{"cause", {{"kind", "no-kind"}}}});
  Json frame{{"type", "login"}, {"attempt", 1}, {"state", "awaiting-user"}};
  REQUIRE(parse_guest_message(frame));
  frame.update(change);
  CAPTURE(change.dump().substr(0, 100));
  CHECK_FALSE(parse_guest_message(frame));
}

TEST_CASE("a credential's parts are bounded", "[link][login]") {
  const auto change = GENERATE(Json{{"sealed", std::string(40'000, 'a')}}, Json{{"file", 16}},
                               Json{{"sealed", "a b"}}, Json{{"name", ""}}, Json{{"name", "a\nb"}},
                               Json{{"bytes", 1 << 30}});
  Json frame{{"type", "credential"}, {"attempt", 1}, {"file", 0},       {"part", 0},
             {"name", "f"},          {"bytes", 1},   {"sealed", "YQ=="}};
  REQUIRE(parse_guest_message(frame));
  frame.update(change);
  CAPTURE(change.dump().substr(0, 100));
  CHECK_FALSE(parse_guest_message(frame));
}
