// What is kept of a log-in outlives the controller that kept it, and the key that it was kept
// under.
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>

#include "tests/support/login_scene.hpp"
#include "tests/support/serve_process.hpp"
#include "tests/support/variable.hpp"

using aerie::Json;
using aerie::test::HttpClient;
using aerie::test::ServeProcess;
using aerie::test::TemporaryDirectory;
using aerie::test::ToolFolder;
using aerie::test::Variable;

TEST_CASE("a credential outlives its controller and the vault's key, which systemd gives",
          "[login][adoption]") {
  const std::string former(64, 'a');
  const std::string current(64, 'b');
  const TemporaryDirectory credentials;
  const auto give = [&](const std::string& seeds) {
    std::ofstream{credentials.path() / "aerie-vault-key"} << seeds;
  };
  const Variable directory{"CREDENTIALS_DIRECTORY", credentials.path().string()};
  const ToolFolder tools;
  tools.add("leaves",
            "echo https://id.example/; echo '{\"token\":\"of-before\"}' > $HOME/auth.json; "
            "exec sleep 600");
  const TemporaryDirectory state;
  const auto path = state.path().string();
  give(former);
  std::optional<ServeProcess> controller(std::in_place, path, "127.0.0.1:0", tools.settings());
  const auto address = controller->address();
  const auto session =
      controller->http()
          .post("/api/v1/sessions",
                {{"userId", "tester"}, {"profile", "bare-login"}, {"provider", "leaves"}})
          .json();
  const std::string id = session["id"];
  aerie::test::wait_for_login(address, controller->token(), id, "completed");
  CHECK_FALSE(std::filesystem::exists(state.path() / "vault.key"));

  for (const auto& seeds : {current + "\n" + former, current}) {
    CHECK(controller->end(SIGKILL).signal == "SIGKILL");
    give(seeds);
    controller.emplace(path, address, tools.settings());
  }
  const auto login = controller->http().get("/api/v1/sessions/" + id).json()["login"];
  CAPTURE(login.dump());
  CHECK(login["state"] == "completed");
  HttpClient owner{address, session["token"]};
  const auto fetched = owner.get("/api/v1/sessions/" + id + "/credential");
  REQUIRE(fetched.status == 200);
  CHECK_THAT(fetched.json()["files"][0]["content"].get<std::string>(),
             Catch::Contains("of-before"));
  CHECK(owner.get("/api/v1/sessions/" + id + "/credential").status == 410);
}
