#include "runtime/config/providers.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "runtime/config/shipped_files.hpp"
#include "runtime/process/temporary_directory.hpp"

namespace aerie {

namespace {

using testing::TemporaryDirectory;

void write(const std::string& path, const std::string& name, const Json& changes) {
  Json json{{"name", name},
            {"command", {"tool"}},
            {"url", "(https?://\\S+)"},
            {"done", {{"files", {"~/auth.json"}}}}};
  json.update(changes);
  std::ofstream{path + "/" + name + ".json"} << json;
}

}  // namespace

TEST_CASE("the shipped providers are valid and known by their aliases", "[provider]") {
  const auto providers = load_providers_from({shipped_folder("providers")});
  REQUIRE(providers);
  for (const auto* name : {"oidc", "claude_code", "codex", "gemini_cli", "claude", "gemini"})
    CHECK(providers->contains(name));
  CHECK(providers->at("claude")->name == "claude_code");
  CHECK(providers->at("codex")->callback_port == 1455);
}

TEST_CASE("the first of two providers with one name counts", "[provider]") {
  const TemporaryDirectory own;
  const TemporaryDirectory others;
  write(own.path(), "tool", {{"command", {"mine"}}});
  write(others.path(), "tool", {{"command", {"theirs"}}});
  const auto providers = load_providers_from({own.path(), others.path()});
  REQUIRE(providers);
  CHECK(providers->at("tool")->command.front() == "mine");
}

TEST_CASE("a wrong provider's file is named", "[provider]") {
  const TemporaryDirectory folder;
  write(folder.path(), "tool", {{"tty", 1}});
  const auto providers = load_providers_from({folder.path()});
  REQUIRE_FALSE(providers);
  CHECK(providers.error().field == folder.path() + "/tool.json: tty");
}

TEST_CASE("a name is no other provider's alias", "[provider]") {
  const TemporaryDirectory folder;
  write(folder.path(), "first", {{"aliases", {"shared"}}});
  write(folder.path(), "second", {{"aliases", {"shared"}}});
  const auto providers = load_providers_from({folder.path()});
  REQUIRE_FALSE(providers);
  CHECK_THAT(providers.error().field, Catch::EndsWith("second.json: aliases[0]"));
}

TEST_CASE("a folder of providers that is not there is refused", "[provider]") {
  const auto providers = load_providers_from({"/nonexistent/providers"});
  REQUIRE_FALSE(providers);
  CHECK(providers.error().field == "providers.path");
}

}  // namespace aerie
