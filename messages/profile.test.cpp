#include "messages/profile.hpp"

#include <catch2/catch.hpp>

#include "messages/object_reader.hpp"

using namespace std::chrono_literals;
using aerie::Json;

namespace {

Json smallest() {
  return Json::parse(R"({"name":"tiny","children":[{"name":"one","command":["true"]}]})");
}

Json full() {
  return Json::parse(R"({
    "name":"full.1", "resources":{"cpus":2,"memoryMiB":2048},
    "display":{"width":640,"height":360,"fps":60},
    "network":{"policy":"list","allow":["example.org:443","[::1]:80"]},
    "strategy":"rest_for_one", "intensity":{"restarts":7,"withinMs":20000},
    "children":[
      {"name":"display","builtin":"display"},
      {"name":"web","command":["chromium","${url}"],"open":["chromium","${url}"],
       "restart":"transient","ready":{"kind":"line","pattern":"^DevTools","withinMs":9000},
       "env":{"A":"b"},"requireEnv":["TOKEN"],"graceMs":100,
       "backoff":{"firstMs":0,"maxMs":0},"watchdogMs":1000},
      {"name":"port","command":["x"],"ready":{"kind":"tcp","port":80}},
      {"name":"file","command":["x"],"ready":{"kind":"file","path":"/tmp/x"}}]})");
}

/// `patch` merged into the full profile at a JSON pointer.
Json with(const std::string& pointer, const Json& value) {
  auto json = full();
  json[Json::json_pointer(pointer)] = value;
  return json;
}

}  // namespace

TEST_CASE("the smallest profile has the documented defaults", "[profile]") {
  const auto profile = aerie::check_profile(smallest()).value();
  CHECK(profile.resources == aerie::Resources{1, 512});
  CHECK(profile.display == aerie::DisplaySize{1280, 720, 30});
  CHECK(profile.network.policy == aerie::NetworkPolicy::internet);
  CHECK(profile.strategy == aerie::Strategy::one_for_one);
  CHECK(profile.intensity == aerie::Intensity{5, 10s});
  const auto& child = profile.children.at(0);
  CHECK(child.restart == aerie::RestartType::permanent);
  CHECK(child.ready.kind == aerie::ReadyKind::started);
  CHECK(child.ready.within == 5s);
  CHECK(child.grace == 2s);
  CHECK(child.backoff == aerie::Backoff{100ms, 10s});
  CHECK(child.watchdog == 0ms);
}

TEST_CASE("a builtin is ready by itself", "[profile]") {
  const auto profile = aerie::check_profile(full()).value();
  CHECK(profile.children.at(0).ready.kind == aerie::ReadyKind::builtin);
  CHECK(profile.find(aerie::Builtin::display) == &profile.children[0]);
  CHECK(profile.find(aerie::Builtin::stream) == nullptr);
}

TEST_CASE("a profile written out is read back equal", "[profile]") {
  for (const auto& json : {smallest(), full()}) {
    const auto profile = aerie::check_profile(json).value();
    CHECK(aerie::check_profile(Json(profile)).value() == profile);
  }
}

TEST_CASE("a wrong field of a profile is named by its path", "[profile]") {
  struct Row {
    std::string pointer;
    Json value;
    std::string field;
  };
  const std::vector<Row> rows{
      {"/name", "Upper", "name"},
      {"/name", "", "name"},
      {"/name", "-a", "name"},
      {"/name", std::string(65, 'a'), "name"},
      {"/name", 7, "name"},
      {"/color", "red", "color"},
      {"/resources", Json::array(), "resources"},
      {"/resources/cpus", 0, "resources.cpus"},
      {"/resources/cpus", 1.5, "resources.cpus"},
      {"/resources/cpus", 18446744073709551615u, "resources.cpus"},
      {"/resources/memoryMB", 512, "resources.memoryMB"},
      {"/resources/memoryMiB", "512", "resources.memoryMiB"},
      {"/display/width", 63, "display.width"},
      {"/display/height", 2161, "display.height"},
      {"/display/fps", 121, "display.fps"},
      {"/network/policy", "all", "network.policy"},
      {"/network/allow/0", "example.org", "network.allow[0]"},
      {"/network/allow/1", "example.org:0", "network.allow[1]"},
      {"/strategy", "one-for-one", "strategy"},
      {"/strategy", nullptr, "strategy"},
      {"/intensity/restarts", -1, "intensity.restarts"},
      {"/intensity/withinMs", 0, "intensity.withinMs"},
      {"/children", Json::array(), "children"},
      {"/children", Json::object(), "children"},
      {"/children/0", "display", "children[0]"},
      {"/children/0/builtin", "screen", "children[0].builtin"},
      {"/children/0/command", Json::array({"x"}), "children[0].command"},
      {"/children/1/name", "display", "children[1].name"},
      {"/children/1/command", Json::array(), "children[1].command"},
      {"/children/1/command", "chromium", "children[1].command"},
      {"/children/1/command/0", "", "children[1].command[0]"},
      {"/children/1/command/1", 5, "children[1].command[1]"},
      {"/children/1/command/1", std::string("a\0b", 3), "children[1].command[1]"},
      {"/children/1/open", Json::array(), "children[1].open"},
      {"/children/1/restart", "always", "children[1].restart"},
      {"/children/1/ready/kind", "soon", "children[1].ready.kind"},
      {"/children/1/ready/kind", "builtin", "children[1].ready.kind"},
      {"/children/1/ready/kind", "started", "children[1].ready.pattern"},
      {"/children/1/ready/withinMs", 0, "children[1].ready.withinMs"},
      {"/children/1/ready/pattern", "(", "children[1].ready.pattern"},
      {"/children/1/ready/port", 80, "children[1].ready.port"},
      {"/children/2/ready/port", 65536, "children[2].ready.port"},
      {"/children/3/ready/path", "x", "children[3].ready.path"},
      {"/children/1/env", Json::array(), "children[1].env"},
      {"/children/1/env/A", 1, "children[1].env.A"},
      {"/children/1/env/A=B", "x", "children[1].env.A=B"},
      {"/children/1/requireEnv/0", "1A", "children[1].requireEnv[0]"},
      {"/children/1/graceMs", 600001, "children[1].graceMs"},
      {"/children/1/backoff/firstMs", 5, "children[1].backoff.maxMs"},
      {"/children/1/backoff/first", 5, "children[1].backoff.first"},
      {"/children/1/watchdogMs", -5, "children[1].watchdogMs"},
      {"/children/2/builtin", "display", "children[2].command"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.pointer, row.value);
    const auto checked = aerie::check_profile(with(row.pointer, row.value));
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().field == row.field);
    CHECK_FALSE(checked.error().message.empty());
  }
}

TEST_CASE("a missing field of a profile is named", "[profile]") {
  for (const auto* key : {"name", "children"}) {
    auto json = smallest();
    json.erase(key);
    CHECK(aerie::check_profile(json).error().field == key);
  }
  auto json = smallest();
  json["children"][0].erase("command");
  CHECK(aerie::check_profile(json).error().field == "children[0].command");
}

TEST_CASE("a profile has one of each builtin and one size", "[profile]") {
  auto twice = full();
  twice["children"].push_back({{"name", "display2"}, {"builtin", "display"}});
  CHECK(aerie::check_profile(twice).error().field == "children[4].builtin");

  auto large = smallest();
  for (int i = 0; i < 6; ++i)
    large["children"][0]["command"].push_back(std::string(8000, 'x'));
  CHECK(aerie::check_profile(large).error().message.find("too large") != std::string::npos);
  CHECK(aerie::check_profile(Json(3)).error().field.empty());
}

TEST_CASE("the cause of a bad profile leads with the field and ends with a remedy", "[profile]") {
  const auto cause = aerie::parse_profile(with("/children/1/ready/withinMs", 0)).error();
  CHECK(cause.message.starts_with("children[1].ready.withinMs must be between"));
  CHECK(cause.remedy.find("children[1].ready.withinMs") != std::string::npos);
}

TEST_CASE("an unknown name comes with the nearest known one", "[profile]") {
  CHECK(aerie::check_profile(with("/resources/memoryMB", 1)).error().message ==
        "is unknown; the nearest known one is \"memoryMiB\"");
  CHECK(aerie::nearest_name("LIMITS.sesions", {"limits.sockets", "limits.sessions"}) ==
        "limits.sessions");
  CHECK(aerie::nearest_name("sessions", {"signal.resumeMs", "limits.sessions"}) ==
        "limits.sessions");
  CHECK(aerie::nearest_name("x", {}).empty());
}

TEST_CASE("a document is refused with its place", "[profile]") {
  CHECK(aerie::parse_document(R"({"a":[1,{"b":2}]})").has_value());
  const auto twice = aerie::parse_document(R"({"a":[1,{"b":2,"b":3}]})").error();
  CHECK(twice.field == "a[1].b");
  CHECK(twice.message == "appears twice in one object");
  CHECK(aerie::parse_document("{\n  \"a\":,}").error().message ==
        "is not JSON: unexpected text at line 2, column 7");
  CHECK_FALSE(aerie::parse_document("").has_value());
  CHECK_FALSE(aerie::parse_document("{} {}").has_value());
  CHECK_FALSE(aerie::parse_document(std::string(40, '[') + std::string(40, ']')).has_value());
  CHECK_FALSE(aerie::parse_document("[1,2,3]", 5).has_value());
}
