#include "runtime/gateway/api/routes.hpp"

#include <catch2/catch.hpp>

namespace aerie {

TEST_CASE("paths find their routes and parameters", "[gateway][api]") {
  const auto hold = find_route("PUT", "/api/v1/sessions/abc/holds/mine");
  REQUIRE(hold.route != nullptr);
  CHECK(hold.route->operation == Operation::set_hold);
  CHECK(hold.parameters.at("id") == "abc");
  CHECK(hold.parameters.at("name") == "mine");
  CHECK(find_route("HEAD", "/healthz").route->operation == Operation::health);
  CHECK(find_route("GET", "/api/v1/why/a/b").route->operation == Operation::explain_child);
}

TEST_CASE("a known path tells its methods", "[gateway][api]") {
  const auto match = find_route("PATCH", "/api/v1/sessions/abc");
  CHECK(match.route == nullptr);
  CHECK(match.allowed == "GET, DELETE");
}

TEST_CASE("other paths find nothing", "[gateway][api]") {
  const std::string path = GENERATE(
      "", "/", "healthz", "/healthz/", "//healthz", "/api/v1/sessions/", "/api/v1/sessions//logs",
      "/api/v1/sessions/a/b/c/d", "/API/V1/sessions", "/api/v1/sessions/a/holds");
  CAPTURE(path);
  const auto match = find_route("GET", path);
  CHECK(match.route == nullptr);
  CHECK(match.allowed.empty());
}

TEST_CASE("openapi.json and the router know the same", "[gateway][api]") {
  const auto document = describe_routes(routes());
  CHECK(document["openapi"] == "3.1.0");
  std::size_t described = 0;
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      ++described;
      std::string upper = method;
      for (auto& c : upper)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      CAPTURE(path, upper);
      // The pattern itself is a path that matches it.
      const auto match = find_route(upper, path);
      REQUIRE(match.route != nullptr);
      CHECK(match.route->pattern == path);
      CHECK(operation["responses"].contains(std::to_string(match.route->status)));
      CHECK(operation.contains("requestBody") == match.route->body.has_value());
      for (const auto& parameter : operation["parameters"]) {
        if (parameter["in"] != "path") continue;
        CHECK(match.parameters.contains(parameter["name"].get<std::string>()));
      }
    }
  }
  CHECK(described == routes().size());
}

}  // namespace aerie
