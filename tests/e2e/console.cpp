// Operators' commands, as scripts give them: one process a command, one JSON document an answer.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/support/aerie_command.hpp"
#include "tests/support/event_stream.hpp"
#include "tests/support/serve_process.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::console;
using aerie::test::EventStream;
using aerie::test::ServeProcess;
using aerie::test::TemporaryDirectory;

namespace fs = std::filesystem;

namespace {

/// A controller with one session of one program.
struct Stage {
  Stage() {
    const Json child{{"name", "main"},
                     {"command", {"sh", "-c", "echo here I am; exec sleep 1000"}}};
    std::ofstream{profiles.path() / "small.json"}
        << Json{{"name", "small"}, {"children", Json::array({child})}}.dump();
    controller.emplace(state.path().string(), "127.0.0.1:0",
                       ServeProcess::Set{{"profiles.path", profiles.path().string()},
                                         {"retention.tombstonesMs", "86400000"}});
    const auto created =
        controller->http().post("/api/v1/sessions", {{"userId", "tester"}, {"profile", "small"}});
    REQUIRE(created.status == 201);
    session = created.json()["id"].get<std::string>();
    await("session.state", "ready");
  }

  void await(const std::string& kind, const std::string& word) const {
    EventStream stream(controller->address(), controller->token(), "/api/v1/events?since=0");
    for (;;) {
      const auto event = stream.next_of(kind, 60s).data;
      const auto& data = event["data"];
      if (event.value("session", "") == session &&
          (data.value("state", "") == word || data.value("name", "") == word))
        return;
    }
  }
  [[nodiscard]] aerie::test::CommandAnswer command(const std::string& line) const {
    return console(state.path().string(), line);
  }
  [[nodiscard]] Json document() const {
    return controller->http().get("/api/v1/sessions/" + session).json();
  }

  TemporaryDirectory state;
  TemporaryDirectory profiles;
  std::optional<ServeProcess> controller;
  std::string session;
};

}  // namespace

TEST_CASE("an operator holds a session that lives, and one that is over", "[console]") {
  Stage stage;
  const auto prefix = stage.session.substr(0, 8);
  const auto held = stage.command("hold " + prefix + " court 'a case of its own'");
  INFO(held.error);
  CHECK(held.status == 0);
  CHECK(held.json().is_object());
  CHECK(stage.document()["holds"] ==
        Json::array({{{"name", "court"}, {"reason", "a case of its own"}}}));

  CHECK(stage.command("retire " + prefix).status == 0);
  stage.await("retire.answered", "");
  CHECK(stage.document()["state"] == "ready");
  CHECK(stage.command("release " + prefix + " court").status == 0);
  stage.await("session.state", "ended");
  stage.await("resource.released", "sessions/" + stage.session);

  CHECK(stage.command("hold " + prefix + " later evidence").status == 0);
  CHECK(stage.document()["holds"].at(0)["name"] == "later");
  CHECK(stage.command("holds").out.find(stage.session) != std::string::npos);
  CHECK(stage.command("release " + prefix + " later").status == 0);
  CHECK(stage.document()["holds"].empty());
}

TEST_CASE("every command answers with one document, and says what is wrong with a bad one",
          "[console]") {
  Stage stage;
  for (const auto* line : {"tree", "ps", "top", "leases", "holds", "events", "doctor", "help"}) {
    INFO(line);
    const auto answer = stage.command(line);
    CHECK(answer.json().is_structured());
    CHECK((answer.status == 0 || std::string{line} == "doctor"));
  }
  const auto vm = stage.document()["vm"]["id"].get<std::string>();
  for (const auto& line :
       {"why " + vm, "why " + vm + "/main", "why " + stage.session + "/main",
        "why " + stage.session, "inspect " + stage.session, "logs " + stage.session + " main"}) {
    INFO(line);
    const auto answer = stage.command(line);
    INFO(answer.error);
    CHECK(answer.json().is_structured());
    CHECK(answer.status == 0);
  }
  CHECK(stage.command("tre").status == 2);
  CHECK(stage.command("tre").error.find("tree") != std::string::npos);
  CHECK(stage.command("why 00000000").status == 1);
  CHECK(stage.command("hold " + stage.session).status == 2);
}

TEST_CASE("a child is killed and restarted by its name, and a drained node takes nobody",
          "[console]") {
  Stage stage;
  CHECK(stage.command("kill " + stage.session + " main TERM").status == 0);
  stage.await("child.restarting", "");
  CHECK(stage.command("kill " + stage.session + " nobody").status == 1);
  CHECK(stage.command("drain").status == 0);
  const auto refused = stage.controller->http().post("/api/v1/sessions",
                                                     {{"userId", "tester"}, {"profile", "small"}});
  CHECK(refused.status == 503);
  CHECK(refused.json()["error"]["code"] == "draining");
  CHECK(stage.command("undrain").status == 0);
  CHECK(stage.controller->http()
            .post("/api/v1/sessions", {{"userId", "tester"}, {"profile", "small"}})
            .status == 201);
}
