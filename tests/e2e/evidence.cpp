// What is known of a session outlives it, its controller, and a store that fails.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sqlite3.h>

#include "tests/support/event_stream.hpp"
#include "tests/support/serve_process.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::EventStream;
using aerie::test::ServeProcess;
using aerie::test::TemporaryDirectory;

namespace fs = std::filesystem;

namespace {

constexpr const char* secret_url = "https://example.org/?secret=of-the-address";

std::string read(const fs::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// Somebody else who writes in the database while this lives.
class Lock {
 public:
  explicit Lock(const fs::path& state) {
    REQUIRE(sqlite3_open((state / "aerie.db").c_str(), &database_) == SQLITE_OK);
    sqlite3_busy_timeout(database_, 10'000);  // the controller may be writing just now
    REQUIRE(sqlite3_exec(database_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() { sqlite3_close(database_); }

 private:
  sqlite3* database_ = nullptr;
};

/// A controller as a process, with a profile of one program that says two lines.
struct Stage {
  Stage() {
    const Json child{
        {"name", "main"},
        {"command", {"sh", "-c", "echo my key is $KEY; echo here I am; exec sleep 1000"}},
        {"ready", {{"kind", "line"}, {"pattern", "here"}}}};
    std::ofstream{profiles.path() / "small.json"}
        << Json{{"name", "small"}, {"children", Json::array({child})}}.dump();
    start();
  }

  void start() { controller.emplace(state.path().string(), "127.0.0.1:0", set()); }
  void restart(int signal) {
    controller->end(signal);
    start();
  }
  [[nodiscard]] ServeProcess::Set set() const {
    return {{"profiles.path", profiles.path().string()},
            {"retention.tombstonesMs", std::to_string(keep_ms)}};
  }
  Json get(const std::string& target) const { return controller->http().get(target).json(); }
  [[nodiscard]] EventStream events() const {
    return EventStream(controller->address(), controller->token(), "/api/v1/events?since=0");
  }
  Json wish() const {
    return {{"userId", "tester"},
            {"profile", "small"},
            {"url", secret_url},
            {"env", {{"KEY", "of-the-environment"}}}};
  }
  std::string create() const {
    const auto answer = controller->http().post("/api/v1/sessions", wish());
    REQUIRE(answer.status == 201);
    const auto id = answer.json()["id"].get<std::string>();
    await(id, "session.state", "ready");
    return id;
  }
  /// Waits for an event of a session that has this state, name or nothing.
  void await(const std::string& id, const std::string& kind, const std::string& word) const {
    auto stream = events();
    for (;;) {
      const auto event = stream.next_of(kind, 60s).data;
      if (event.value("session", "") != id) continue;
      if (word.empty() || event["data"].value("state", "") == word ||
          event["data"].value("name", "") == word)
        return;
    }
  }
  /// Ends a session, and waits until its tombstone is all that is left of it.
  void finish(const std::string& id) const {
    CHECK(controller->http().remove("/api/v1/sessions/" + id).status == 202);
    await(id, "session.state", "ended");
    await(id, "resource.released", "sessions/" + id);
  }

  TemporaryDirectory state;
  TemporaryDirectory profiles;
  std::int64_t keep_ms = 604'800'000;
  std::optional<ServeProcess> controller;
};

}  // namespace

TEST_CASE("a session that is over answers from its tombstone, also to the next controller",
          "[evidence]") {
  Stage stage;
  const auto id = stage.create();
  const auto vm = stage.get("/api/v1/sessions/" + id)["vm"]["id"].get<std::string>();
  const auto logs = "/api/v1/sessions/" + id + "/logs";
  const auto lived = stage.controller->http().get(logs + "?child=main&format=jsonl").body;
  CHECK(lived.find("here I am") != std::string::npos);
  CHECK(lived.find("my key is [env KEY]") != std::string::npos);
  stage.finish(id);
  const auto tombstone = stage.state.path() / "tombstones" / id;
  for (const auto* name :
       {"why.json", "events.jsonl", "console.log", "effective-config.json", "logs/main.log"})
    CHECK(fs::is_regular_file(tombstone / name));
  for (const auto& file : fs::recursive_directory_iterator{tombstone}) {
    if (!file.is_regular_file()) continue;
    INFO(file.path());
    CHECK(read(file.path()).find("of-the-") == std::string::npos);
  }
  CHECK_FALSE(fs::exists(stage.state.path() / "sessions" / id));
  const auto hold = "/api/v1/sessions/" + id + "/holds/court";
  CHECK(stage.controller->http().put(hold, {{"reason", "a case"}}).status == 200);

  stage.keep_ms = 1;
  stage.restart(SIGKILL);
  CHECK(stage.controller->http().get(logs + "?child=main&format=jsonl").body == lived);
  CHECK(stage.controller->http().get(logs + "?tail=1&follow=1").body == "main: here I am\n");
  const auto why = stage.get("/api/v1/why/" + id);
  CHECK(why["state"] == "ended");
  CHECK(why["retirement"]["reason"] == "requested");
  CHECK(fs::exists(stage.state.path() / why["logs"]["main"].get<std::string>()));
  CHECK(stage.get("/api/v1/why/" + id + "/main")["exits"].size() == 1);
  CHECK(stage.get("/api/v1/why/" + vm)["subject"]["kind"] == "vm");
  const auto document = stage.get("/api/v1/sessions/" + id);
  CHECK(document["state"] == "ended");
  CHECK(document["holds"].at(0)["name"] == "court");

  // Held, it outlived its time; let go, it goes with all that is known of its session.
  CHECK(stage.controller->http().remove(hold).status == 200);
  stage.await(id, "resource.released", "tombstones/" + id);
  CHECK(stage.controller->http().get("/api/v1/sessions/" + id).status == 404);
  CHECK(stage.controller->http().get("/api/v1/why/" + id).status == 404);
  CHECK_FALSE(fs::exists(tombstone));
}

TEST_CASE("a store that fails refuses what is new, loses nothing, and recovers", "[evidence]") {
  Stage stage;
  const auto id = stage.create();
  {
    const Lock lock{stage.state.path()};
    const auto refused = stage.controller->http().post("/api/v1/sessions", stage.wish());
    CHECK(refused.status == 503);
    CHECK(refused.json()["error"]["code"] == "store-failed");
    const auto ready = stage.controller->http().get("/readyz");
    CHECK(ready.status == 503);
    CHECK(ready.body.find("locked") != std::string::npos);
    CHECK(stage.get("/api/v1/sessions/" + id)["state"] == "ready");
    // It may stop, but nothing of it goes before its evidence is safe.
    CHECK(stage.controller->http().remove("/api/v1/sessions/" + id).status == 202);
    stage.await(id, "session.state", "retiring");
    const auto vm = stage.get("/api/v1/sessions/" + id)["vm"]["id"].get<std::string>();
    CHECK(fs::exists(stage.state.path() / "vms" / vm));
  }
  auto stream = stage.events();
  stream.next_of("doctor.recovered", 60s);
  CHECK(stage.controller->http().get("/readyz").status == 200);
  stage.await(id, "resource.released", "sessions/" + id);
  stage.create();
  stage.restart(SIGTERM);
  auto again = stage.events();
  for (std::uint64_t seq = 1; seq <= 40; ++seq)
    CHECK(again.next(60s).data["seq"] == seq);
}
