#include "messages/provider.hpp"

#include <catch2/catch.hpp>

namespace aerie {

namespace {

Json valid() {
  return {{"name", "demo"},
          {"aliases", {"demo-cli"}},
          {"command", {"demo", "login"}},
          {"tty", false},
          {"env", {{"MODE", "quiet"}}},
          {"url", "go to (https?://\\S+)"},
          {"callbackPort", 1455},
          {"callbackLine", "came back"},
          {"done", {{"files", {"~/.demo/auth.json", "/etc/demo"}}}},
          {"withinMs", 1000}};
}

FieldError error_of(const Json& json) {
  const auto checked = check_provider(json);
  return checked ? FieldError{"", "accepted"} : checked.error();
}

}  // namespace

TEST_CASE("a provider is read, and written as it was read", "[provider]") {
  const auto provider = check_provider(valid());
  REQUIRE(provider);
  CHECK(provider->aliases == std::vector<std::string>{"demo-cli"});
  CHECK_FALSE(provider->tty);
  CHECK(provider->callback_port == 1455);
  CHECK(provider->files.size() == 2);
  CHECK(provider->within == Duration{1000});
  CHECK(check_provider(Json(*provider)) == provider);
}

TEST_CASE("what a provider leaves out has its default", "[provider]") {
  const auto provider = check_provider(
      {{"name", "x"}, {"command", {"x"}}, {"url", "(h.*)"}, {"done", {{"line", "done"}}}});
  REQUIRE(provider);
  CHECK(provider->tty);
  CHECK(provider->within == Duration{300'000});
  CHECK_FALSE(provider->callback_port);
  CHECK(check_provider(Json(*provider)) == provider);
}

TEST_CASE("a wrong provider is refused by its field", "[provider]") {
  const auto [path, value, field] = GENERATE(table<std::string, Json, std::string>({
      {"/name", "Upper", "name"},
      {"/aliases/0", "..", "aliases[0]"},
      {"/command", Json::array(), "command"},
      {"/tty", "yes", "tty"},
      {"/env", {{"1A", "x"}}, "env.1A"},
      {"/url", "(", "url"},
      {"/url", "https://.*", "url"},
      {"/url", "(a)(b)", "url"},
      {"/callbackPort", 0, "callbackPort"},
      {"/callbackLine", "", "callbackLine"},
      {"/done", Json::object(), "done"},
      {"/done/line", "both", "done"},
      {"/done/files", Json::array(), "done.files"},
      {"/done/files/0", "relative", "done.files[0]"},
      {"/done/files/0", "~/../other", "done.files[0]"},
      {"/done/files/0", "~/folder/", "done.files[0]"},
      {"/withinMs", 1, "withinMs"},
      {"/windowMs", 1, "windowMs"},
  }));
  auto json = valid();
  json[Json::json_pointer(path)] = value;
  CAPTURE(path, value.dump());
  CHECK(error_of(json).field == field);
}

TEST_CASE("a provider needs its name, command, address and end", "[provider]") {
  const std::string field = GENERATE("name", "command", "url", "done");
  auto json = valid();
  json.erase(field);
  CHECK(error_of(json).field == field);
}

}  // namespace aerie
