// The figures for Prometheus, as its own tool sees them, and what stands on them.
#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sys/wait.h>

#include "tests/support/temporary_directory.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::HttpClient;
using aerie::test::TemporaryDirectory;
using aerie::test::World;

namespace {

struct Answer {
  int status = 0;
  std::string said;
};

Answer shell(const std::string& line) {
  auto* pipe = ::popen((line + " 2>&1").c_str(), "re");
  if (pipe == nullptr) throw std::runtime_error("no shell could be started");
  Answer answer;
  std::array<char, 4096> chunk{};
  while (const auto count = std::fread(chunk.data(), 1, chunk.size(), pipe))
    answer.said.append(chunk.data(), count);
  const int ended = ::pclose(pipe);
  answer.status = WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
  return answer;
}

std::string config(const std::string& name) {
  return std::filesystem::path(AERIE_SOURCE_FOLDER) / "config" / name;
}

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// The names of metrics in a text, without a histogram's endings.
std::set<std::string> names_in(const std::string& text) {
  static const std::regex name("aerie_[a-z0-9_]+");
  static const std::regex ending("_(bucket|sum|count)$");
  std::set<std::string> names;
  for (std::sregex_iterator each(text.begin(), text.end(), name), end; each != end; ++each)
    names.insert(std::regex_replace(each->str(), ending, ""));
  return names;
}

/// A controller in which a session has started, lost a process and ended.
struct Scene {
  Scene() {
    const Json child{{"name", "main"}, {"command", {"sleep", "1000"}}};
    std::ofstream{profiles.path() / "small.json"}
        << Json{{"name", "small"}, {"children", Json::array({child})}}.dump();
    world.emplace(World::Set{{"profiles.path", profiles.path().string()}});
    const auto session = world->start({{"profile", "small"}}).id;
    world->wait_for_state(session, "ready");
    auto events = world->events();
    world->http().post("/api/v1/console", {{"line", "kill " + session + " main"}});
    events.next_of("child.restarting", 30s);
    world->http().remove("/api/v1/sessions/" + session);
    world->wait_for_state(session, "ended");
  }

  /// As the observer sees them, once this is among them.
  [[nodiscard]] std::string metrics() const {
    std::ifstream file(world->state() + "/observer.token");
    std::string token;
    file >> token;
    const auto answer = HttpClient(world->address(), token).get("/metrics");
    REQUIRE(answer.status == 200);
    CHECK(answer.headers.at("content-type") == "text/plain; version=0.0.4; charset=utf-8");
    return answer.body;
  }

  TemporaryDirectory profiles;
  std::optional<World> world;
};

}  // namespace

TEST_CASE("promtool finds nothing wrong with the figures", "[metrics]") {
  const Scene scene;
  const auto text = scene.metrics();
  const TemporaryDirectory folder;
  const auto path = (folder.path() / "metrics").string();
  std::ofstream{path} << text;
  const auto checked = shell("promtool check metrics < '" + path + "'");
  INFO(checked.said);
  CHECK(checked.status == 0);
  CHECK(checked.said.empty());
  CHECK(text.find("aerie_child_restarts_total{cause=\"killed\"} 1\n") != std::string::npos);
  CHECK(text.find("aerie_session_stage_seconds_count{stage=\"ready\"} 1\n") != std::string::npos);
  CHECK(text.find("aerie_retirement_proposals_total{reason=\"requested\"} 1\n") !=
        std::string::npos);

  // What a colon or a wrong ending is to promtool, it is to this test.
  std::ofstream{path} << "# HELP aerie_x_total x\n# TYPE aerie_x_total gauge\naerie_x_total 1\n";
  CHECK(shell("promtool check metrics < '" + path + "'").status != 0);
}

TEST_CASE("the alerts are rules that fire when they should", "[metrics]") {
  for (const auto* line :
       {"promtool check rules alerts.yml", "promtool test rules alerts.test.yml"}) {
    const auto checked = shell("cd '" + config("prometheus") + "' && " + line);
    INFO(checked.said);
    CHECK(checked.status == 0);
  }
}

TEST_CASE("alerts and dashboard ask for figures that there are", "[metrics]") {
  // Those that only something rare brings forth.
  const std::set<std::string> rare{"aerie_session_failures_total",
                                   "aerie_child_given_up_total",
                                   "aerie_crash_signal_seconds",
                                   "aerie_stream_recovery_seconds",
                                   "aerie_check_failures_total",
                                   "aerie_pool_wanted",
                                   "aerie_pool_ready",
                                   "aerie_pool_oldest_seconds"};
  auto known = names_in(Scene().metrics());
  known.insert(rare.begin(), rare.end());
  const auto dashboard = content_of(config("grafana/aerie.json"));
  CHECK(Json::parse(dashboard)["panels"].size() > 20);
  for (const auto& text : {dashboard, content_of(config("prometheus/alerts.yml"))}) {
    const auto asked = names_in(text);
    CHECK(asked.size() > 8);
    for (const auto& name : asked) {
      INFO(name);
      CHECK(known.contains(name));
    }
  }
}
