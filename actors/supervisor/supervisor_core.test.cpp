#include "actors/supervisor/supervisor_core.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace aerie;
using namespace std::chrono_literals;
using link::ChildNewsKind;

namespace {

/// Children that exist on paper: remembers what the supervisor asked for, in order.
class Stage final : public ChildHost, public SupervisorListener {
 public:
  explicit Stage(Strategy strategy, std::vector<SupervisedChild> children, Intensity intensity = {})
      : core(SupervisorPlan{strategy, intensity, std::move(children)},
             SupervisorCore::World{[this] { return now; },
                                   [this](std::uint64_t ticket, Duration after) {
                                     timers.emplace(now + after, ticket);
                                   },
                                   [] { return 0.0; }},
             *this, *this) {}

  void start(const std::string& child, std::uint64_t run) override {
    runs[child] = run;
    log.push_back("start " + child);
  }
  void stop(const std::string& child, std::uint64_t, Duration, const std::string&) override {
    log.push_back("stop " + child);
  }
  void signal(const std::string& child, std::uint64_t, int, const std::string&,
              const std::optional<Cause>& reason) override {
    log.push_back("signal " + child);
    last_reason = reason;
  }
  void on_news(const link::ChildNews& news) override { heard.push_back(news); }
  void on_all_ready() override { ++all_ready; }
  void on_finished(const std::optional<Cause>& cause) override {
    ++finished;
    final_cause = cause;
  }

  void ready(const std::string& child) {
    core.on_started(child, runs.at(child), 42);
    core.on_ready(child, runs.at(child));
  }
  void exit(const std::string& child, CauseKind kind = CauseKind::signal, Duration uptime = 1s) {
    ExitRecord record;
    record.child = child;
    record.kind = kind;
    record.message = "it ended";
    record.uptime_ms = uptime.count();
    core.on_exited(child, runs.at(child), record);
  }
  void pass(Duration time) {
    now += time;
    while (!timers.empty() && timers.begin()->first <= now) {
      const auto ticket = timers.begin()->second;
      timers.erase(timers.begin());
      core.on_timer(ticket);
    }
  }
  std::vector<std::string> take_log() { return std::exchange(log, {}); }

  Duration now{0};
  std::multimap<Duration, std::uint64_t> timers;
  std::map<std::string, std::uint64_t> runs;
  std::vector<std::string> log;
  std::vector<link::ChildNews> heard;
  std::optional<Cause> last_reason;
  std::optional<Cause> final_cause;
  int all_ready = 0;
  int finished = 0;
  SupervisorCore core;
};

using Log = std::vector<std::string>;

SupervisedChild child(const char* name, RestartType type = RestartType::permanent) {
  SupervisedChild spec;
  spec.name = name;
  spec.restart = type;
  return spec;
}

void start_all(Stage& stage, const std::vector<std::string>& names) {
  stage.core.start();
  for (const auto& name : names)
    stage.ready(name);
  stage.take_log();
}

}  // namespace

TEST_CASE("children start in order, each when the one before is ready", "[supervisor]") {
  Stage stage{Strategy::one_for_one, {child("a"), child("b"), child("c")}};
  stage.core.start();
  CHECK(stage.take_log() == Log{"start a"});
  stage.ready("a");
  CHECK(stage.take_log() == Log{"start b"});
  stage.ready("b");
  CHECK(stage.all_ready == 0);
  stage.ready("c");
  CHECK(stage.take_log() == Log{"start c"});
  CHECK(stage.all_ready == 1);
}

TEST_CASE("a stop goes in reverse order and ends the supervisor without a cause", "[supervisor]") {
  Stage stage{Strategy::one_for_one, {child("a"), child("b")}};
  start_all(stage, {"a", "b"});
  stage.core.stop("owner");
  CHECK(stage.take_log() == Log{"stop b"});
  stage.exit("b", CauseKind::killed);
  CHECK(stage.take_log() == Log{"stop a"});
  CHECK(stage.finished == 0);
  stage.exit("a", CauseKind::killed);
  CHECK(stage.finished == 1);
  CHECK_FALSE(stage.final_cause);
}

TEST_CASE("one_for_one restarts the child alone, first at once, then after a back-off",
          "[supervisor]") {
  Stage stage{Strategy::one_for_one, {child("a"), child("b")}};
  start_all(stage, {"a", "b"});
  stage.exit("a");
  CHECK(stage.take_log() == Log{"start a"});
  stage.ready("a");
  stage.exit("a");
  CHECK(stage.take_log().empty());
  CHECK(stage.heard.back().kind == ChildNewsKind::restarting);
  CHECK(stage.heard.back().retry_in == 100ms);
  stage.pass(100ms);
  CHECK(stage.take_log() == Log{"start a"});
}

TEST_CASE("one_for_all stops the others in reverse and starts all in order", "[supervisor]") {
  Stage stage{Strategy::one_for_all, {child("a"), child("b"), child("c")}};
  start_all(stage, {"a", "b", "c"});
  stage.exit("b");
  CHECK(stage.take_log() == Log{"stop c"});
  stage.exit("c", CauseKind::killed);
  CHECK(stage.take_log() == Log{"stop a"});
  stage.exit("a", CauseKind::killed);
  CHECK(stage.take_log() == Log{"start a"});
  stage.ready("a");
  stage.ready("b");
  CHECK(stage.take_log() == Log{"start b", "start c"});
}

TEST_CASE("rest_for_one leaves the children before it alone", "[supervisor]") {
  Stage stage{Strategy::rest_for_one, {child("a"), child("b"), child("c")}};
  start_all(stage, {"a", "b", "c"});
  stage.exit("b");
  CHECK(stage.take_log() == Log{"stop c"});
  stage.exit("c", CauseKind::killed);
  CHECK(stage.take_log() == Log{"start b"});
  stage.ready("b");
  CHECK(stage.take_log() == Log{"start c"});
}

TEST_CASE("restart types: temporary and a transient's clean end are left", "[supervisor]") {
  Stage stage{Strategy::one_for_one,
              {child("a"), child("t", RestartType::temporary), child("r", RestartType::transient)}};
  start_all(stage, {"a", "t", "r"});
  stage.exit("t");
  stage.exit("r", CauseKind::clean);
  CHECK(stage.take_log().empty());
  stage.exit("a", CauseKind::clean);
  CHECK(stage.take_log() == Log{"start a"});
}

TEST_CASE("a temporary child that ends before it is ready does not hold up the rest",
          "[supervisor]") {
  Stage stage{Strategy::one_for_one, {child("t", RestartType::temporary), child("b")}};
  stage.core.start();
  stage.exit("t");
  CHECK(stage.take_log() == Log{"start t", "start b"});
  stage.ready("b");
  CHECK(stage.all_ready == 1);
}

TEST_CASE("exceeding the intensity is a crash loop that names the exit below it", "[supervisor]") {
  auto fast = child("a");
  fast.backoff.first = 0ms;
  Stage stage{Strategy::one_for_one, {fast, child("b")}, Intensity{2, 10'000ms}};
  start_all(stage, {"a", "b"});
  stage.exit("a");
  stage.exit("a");
  CHECK(stage.finished == 0);
  stage.take_log();
  stage.exit("a");
  CHECK(stage.heard.back().kind == ChildNewsKind::given_up);
  CHECK(stage.take_log() == Log{"stop b"});
  stage.exit("b", CauseKind::killed);
  REQUIRE(stage.final_cause);
  CHECK(stage.final_cause->kind == CauseKind::crash_loop);
  CHECK(stage.final_cause->evidence.front() == "signal: it ended");
}

TEST_CASE("the window slides: old restarts don't count", "[supervisor]") {
  auto fast = child("a");
  fast.backoff.first = 0ms;
  Stage stage{Strategy::one_for_one, {fast}, Intensity{1, 1000ms}};
  start_all(stage, {"a"});
  for (int i = 0; i < 5; ++i) {
    stage.exit("a");
    stage.pass(1001ms);
  }
  CHECK(stage.finished == 0);
}

TEST_CASE("a restart as old as the window is wide counts", "[supervisor]") {
  auto fast = child("a");
  fast.backoff.first = 0ms;
  Stage stage{Strategy::one_for_one, {fast}, Intensity{1, 1000ms}};
  start_all(stage, {"a"});
  stage.exit("a");
  stage.pass(1000ms);
  stage.exit("a");
  CHECK(stage.finished == 1);
}

TEST_CASE("siblings that end while they wait to be stopped count no restart", "[supervisor]") {
  Stage stage{Strategy::one_for_all, {child("a"), child("b"), child("c")}, Intensity{1, 10'000ms}};
  start_all(stage, {"a", "b", "c"});
  stage.exit("a");
  CHECK(stage.take_log() == Log{"stop c"});
  stage.exit("b");
  stage.exit("c", CauseKind::killed);
  CHECK(stage.finished == 0);
  CHECK(stage.take_log() == Log{"start a"});
}

TEST_CASE("a temporary child that a sibling takes along does not hold up readiness",
          "[supervisor]") {
  Stage stage{Strategy::one_for_all, {child("a"), child("t", RestartType::temporary)}};
  stage.core.start();
  stage.ready("a");
  stage.exit("a");
  stage.exit("t", CauseKind::killed);
  CHECK(stage.take_log() == Log{"start a", "start t", "stop t", "start a"});
  stage.ready("a");
  CHECK(stage.all_ready == 1);
}

TEST_CASE("what no restart mends is given up at once", "[supervisor]") {
  Stage stage{Strategy::one_for_one, {child("a")}};
  stage.core.start();
  stage.exit("a", CauseKind::library_missing);
  CHECK(stage.finished == 1);
  REQUIRE(stage.final_cause);
  CHECK(stage.final_cause->kind == CauseKind::library_missing);
}

TEST_CASE("a child past its ready deadline is killed as not-ready", "[supervisor]") {
  Stage stage{Strategy::one_for_one, {child("a")}};
  stage.core.start();
  stage.pass(4999ms);
  CHECK(stage.take_log() == Log{"start a"});
  stage.pass(1ms);
  CHECK(stage.take_log() == Log{"signal a"});
  REQUIRE(stage.last_reason);
  CHECK(stage.last_reason->kind == CauseKind::not_ready);
}

TEST_CASE("reports of an earlier run change nothing", "[supervisor]") {
  Stage stage{Strategy::one_for_one, {child("a")}};
  start_all(stage, {"a"});
  const auto old = stage.runs.at("a");
  stage.exit("a");
  stage.take_log();
  ExitRecord late;
  late.child = "a";
  stage.core.on_exited("a", old, late);
  CHECK(stage.take_log().empty());
  CHECK(stage.runs.at("a") == old + 1);
}

TEST_CASE("a restart on request does not count against the intensity", "[supervisor]") {
  Stage stage{Strategy::one_for_one, {child("a")}, Intensity{0, 1000ms}};
  start_all(stage, {"a"});
  for (int i = 0; i < 3; ++i) {
    stage.core.restart("a", "operator");
    CHECK(stage.take_log() == Log{"stop a"});
    stage.exit("a", CauseKind::killed);
    CHECK(stage.take_log() == Log{"start a"});
    stage.ready("a");
  }
  CHECK(stage.finished == 0);
}
