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
