#include "runtime/gateway/api/fields.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "runtime/gateway/api/malformed_bodies.test.hpp"
#include "runtime/gateway/api/routes.hpp"

namespace aerie::testing {

namespace {

const FieldTable& body_of(std::string_view method, std::string_view path) {
  return *find_route(method, path).route->body;
}

const FieldTable& session_fields() {
  return body_of("POST", "/api/v1/sessions");
}

const Json full_wish{{"userId", "user"},
                     {"provider", "codex"},
                     {"profile", "browser"},
                     {"driver", "process"},
                     {"url", "https://example.org/"},
                     {"display", {{"width", 640}, {"height", 480}, {"fps", 30}}},
                     {"idleMs", 1000},
                     {"maxMs", 1000},
                     {"labels", {{"team", "a"}}},
                     {"env", {{"HOME_PAGE", "x"}}}};

}  // namespace

TEST_CASE("a full request for a session passes, and the least one", "[gateway][api]") {
  CHECK(check_body(full_wish, session_fields()));
  CHECK(check_body({{"userId", "u"}}, session_fields()));
  for (const auto& body : bodies_at_bounds(full_wish, session_fields())) {
    CAPTURE(body.dump());
    CHECK(check_body(body, session_fields()));
  }
}

TEST_CASE("every malformed request for a session is refused by its field", "[gateway][api]") {
  const auto bodies = malformed_bodies(full_wish, session_fields());
  CHECK(bodies.size() >= 150);
  for (const auto& wrong : bodies) {
    CAPTURE(wrong.field, wrong.body.dump().substr(0, 300));
    const auto checked = check_body(wrong.body, session_fields());
    REQUIRE_FALSE(checked);
    CHECK(checked.error().field == wrong.field);
    CHECK(checked.error().code == wrong.code);
    CHECK_FALSE(checked.error().message.empty());
  }
}

TEST_CASE("so are those of every other body of the API", "[gateway][api]") {
  const std::vector<std::pair<std::string, Json>> good{
      {"/api/auth/start", {{"userId", "u"}, {"provider", "p"}}},
      {"/api/v1/sessions/ID/tokens", {{"role", "viewer"}, {"ttlMs", 1000}}},
  };
  for (const auto& [path, body] : good) {
    const auto& table = body_of("POST", path);
    CHECK(check_body(body, table));
    for (const auto& wrong : malformed_bodies(body, table)) {
      CAPTURE(path, wrong.field, wrong.body.dump().substr(0, 300));
      const auto checked = check_body(wrong.body, table);
      REQUIRE_FALSE(checked);
      CHECK(checked.error().field == wrong.field);
    }
  }
}

TEST_CASE("a body that is no object is refused as a whole", "[gateway][api]") {
  for (const auto& body : {Json::array(), Json(1), Json("x"), Json(nullptr), Json(true)}) {
    const auto checked = check_body(body, session_fields());
    REQUIRE_FALSE(checked);
    CHECK(checked.error().field.empty());
  }
}

TEST_CASE("addresses are taken as browsers take them", "[gateway][api]") {
  const std::string url = GENERATE(
      "http://example.org", "HTTPS://EXAMPLE.ORG/", "about:blank",
      "data:text/html,<p class=\"x\">a b", "data:text/html;base64,PGI+", "http:\\\\example.org\\x",
      "http:/example.org", "https:example.org", " https://example.org ",
      "http://user:pass@example.org:8080/?q=a b#f", "http://[::1]:80/", "http://127.0.0.1/",
      "http://localhost:1/\"quoted\"", "http://ex\tample.org/\n",
      "https://b\xc3\xbc"
      "cher.example/",
      "about:srcdoc", "http://%65xample.org/");
  CAPTURE(url);
  CHECK(refuse_url(trimmed_url(url)).empty());
}

TEST_CASE("text is counted in characters", "[gateway][api]") {
  CHECK(is_printable("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 3, 3));
  CHECK_FALSE(is_printable("\xc3\xa4", 2, 3));
  CHECK_FALSE(is_printable("\xc2\x9f", 0, 3));
  CHECK(is_printable("\xc2\xa0", 1, 1));
}

TEST_CASE("queries are checked like bodies", "[gateway][api]") {
  const auto& table = find_route("GET", "/api/v1/sessions").route->query;
  CHECK(check_query({}, table));
  CHECK(check_query({{"state", "ready"},
                     {"userId", "u"},
                     {"label.a", "x"},
                     {"label.b", ""},
                     {"limit", "1000"},
                     {"after", "0f8fad5b-d9cb-469f-a165-70867728950e"}},
                    table));
  const std::vector<std::pair<std::string, std::string>> wrong{{"state", "sleeping"},
                                                               {"state", ""},
                                                               {"userId", ""},
                                                               {"limit", "0"},
                                                               {"limit", "1001"},
                                                               {"limit", "-1"},
                                                               {"limit", "1e2"},
                                                               {"limit", " 1"},
                                                               {"limit", ""},
                                                               {"limit", "99999999999999999999"},
                                                               {"after", "x"},
                                                               {"label.A", "x"},
                                                               {"label.", "x"},
                                                               {"label.a b", "x"},
                                                               {"label", "x"},
                                                               {"Limit", "1"},
                                                               {"", ""},
                                                               {"label.a", "\n"}};
  for (const auto& [name, value] : wrong) {
    CAPTURE(name, value);
    const auto checked = check_query({{name, value}}, table);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().field == name);
  }
  CHECK(check_query({{"limit", "1"}, {"limit", "2"}}, table).error().field == "limit");
}

TEST_CASE("a flag of a query is true or false", "[gateway][api]") {
  const auto& table = find_route("DELETE", "/api/v1/sessions/x").route->query;
  for (const auto* value : {"true", "false", "1", "0"})
    CHECK(check_query({{"force", value}}, table));
  for (const auto* value : {"", "yes", "TRUE", "2"}) {
    CHECK_FALSE(check_query({{"force", value}}, table));
  }
}

TEST_CASE("the schema says what the check does", "[gateway][api]") {
  const auto schema = schema_of(session_fields());
  CHECK(schema["additionalProperties"] == false);
  CHECK(schema["required"] == Json::array({"userId"}));
  CHECK(schema["properties"]["display"]["properties"]["width"]["minimum"] == 64);
  CHECK(schema["properties"]["display"]["required"] == Json::array({"width", "height"}));
  CHECK(schema["properties"]["idleMs"]["maximum"] == 86'400'000);
  CHECK(schema["properties"]["labels"]["maxProperties"] == 16);
  for (const auto& field : session_fields()) {
    CHECK(schema["properties"].contains(std::string(field.name)));
  }
}

}  // namespace aerie::testing
