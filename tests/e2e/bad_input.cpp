// What is malformed is answered with an error that names the field, and changes nothing. The bodies
// are derived from the schema that the running server describes itself with.
#include <catch2/catch.hpp>

#include "tests/support/world.hpp"

using aerie::Json;
using aerie::test::World;

namespace {

struct BadBody {
  Json body;
  std::string field;
};

/// Values that a property's schema does not allow.
std::vector<Json> wrong_values(const Json& schema) {
  const auto type = schema.value("type", "");
  std::vector<Json> wrong = {Json::array({1}), nullptr};
  if (type != "string") wrong.push_back("text");
  if (type != "integer") wrong.push_back(7);
  if (type != "boolean") wrong.push_back(true);
  if (type != "object") wrong.push_back({{"key", "value"}});
  if (type == "integer") wrong.push_back(1.5);
  if (schema.contains("minimum")) wrong.push_back(schema["minimum"].get<long>() - 1);
  if (schema.contains("maximum")) wrong.push_back(schema["maximum"].get<long>() + 1);
  if (schema.contains("maxLength"))
    wrong.push_back(std::string(schema["maxLength"].get<std::size_t>() + 1, 'x'));
  if (schema.contains("pattern") || schema.contains("enum")) wrong.push_back("No Such Name");
  if (schema.contains("propertyNames")) wrong.push_back({{"No Name!", "value"}});
  return wrong;
}

void derive(const Json& good, const Json& schema, const Json::json_pointer& at,
            const std::string& path, std::vector<BadBody>& out) {
  for (const auto& [name, property] : schema.at("properties").items()) {
    const auto field = path.empty() ? name : path + "." + name;
    for (const auto& value : wrong_values(property)) {
      auto body = good;
      body[at / name] = value;
      out.push_back({std::move(body), field});
    }
    if (property.contains("properties")) derive(good, property, at / name, field, out);
  }
  auto body = good;
  body[at / "nonsense"] = 1;
  out.push_back({std::move(body), path.empty() ? "nonsense" : path + ".nonsense"});
}

/// Client messages, each with its fields; an array fits none of them.
const Json signaling_messages = {
    {{"type", "answer"}, {"epoch", 1}, {"sdp", "v=0"}},
    {{"type", "candidate"}, {"epoch", 1}, {"candidate", ""}, {"sdpMLineIndex", 0}, {"sdpMid", "0"}},
    {{"type", "keep"}, {"proposal", "x"}, {"forMs", 1000}},
    {{"type", "release"}, {"proposal", "x"}},
    {{"type", "control"}, {"action", "request"}},
};

/// The error that a message is answered with, on a socket of its own.
Json refusal_of(const World& world, const aerie::test::StartedSession& session,
                const std::string& text) {
  auto socket = world.join(session.id, session.token);
  socket.next_of("welcome");
  socket.send_text(text);
  return socket.next_of("error");
}

}  // namespace

TEST_CASE("malformed wishes are refused by field and start nothing", "[input]") {
  World world;
  auto http = world.http();
  const auto described = http.get("/api/v1/openapi.json").json();
  const auto schema = described.at(
      "/paths/~1api~1v1~1sessions/post/requestBody/content/application~1json/schema"_json_pointer);
  std::vector<BadBody> bad;
  const Json good{{"userId", "tester"}, {"display", {{"width", 640}, {"height", 360}}}};
  derive(good, schema, Json::json_pointer(), "", bad);
  CHECK(bad.size() >= 60);
  for (const auto& [body, field] : bad) {
    const auto answer = http.post("/api/v1/sessions", body);
    INFO(body.dump().substr(0, 300) << " -> " << answer.body);
    CHECK((answer.status == 422 || answer.status == 400));
    CHECK(answer.json()["error"].value("field", "").starts_with(field));
  }
  for (const auto* text : {"{", "[]", "\"text\"", "{\"userId\":\"a\",}", "\xff\xfe"})
    CHECK(http.request("POST", "/api/v1/sessions", text).status == 400);
  CHECK(http.get("/api/v1/sessions").json()["sessions"].empty());
}

TEST_CASE("malformed signaling is answered by field", "[input]") {
  World world;
  const auto session = world.start({{"profile", "terminal"}});
  for (const auto& message : signaling_messages)
    for (const auto& [name, value] : message.items()) {
      if (name == "type") continue;
      INFO(message.dump() << " without or with a wrong " << name);
      auto wrong = message;
      wrong[name] = Json::array();
      const auto refused = refusal_of(world, session, wrong.dump());
      CHECK(refused["code"] == "bad-field");
      CHECK(refused["field"] == name);
      if (name.starts_with("sdpM")) continue;  // one of the two is enough
      wrong.erase(name);
      const auto missing = refusal_of(world, session, wrong.dump());
      CHECK(missing["code"] == "missing-field");
      CHECK(missing["field"] == name);
    }
  CHECK(refusal_of(world, session, "{")["code"] == "bad-json");
  CHECK(refusal_of(world, session, R"({"type":"nonsense"})")["code"] == "unknown-type");
  CHECK(refusal_of(world, session,
                   Json{{"type", "answer"}, {"epoch", 1}, {"sdp", std::string(70'000, 'x')}}
                       .dump())["code"] == "too-large");
}

TEST_CASE("ten errors within a minute close the socket", "[input]") {
  World world;
  const auto session = world.start({{"profile", "terminal"}});
  auto socket = world.join(session.id, session.token);
  socket.next_of("welcome");
  for (int i = 0; i < 10; ++i)
    socket.send_text("{");
  CHECK(socket.close_code() == 1008);
}

TEST_CASE("configuration and profiles are refused with the key named", "[input]") {
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{
           {"limits.session", "2"}, {"limits.sessions", "many"}, {"driver", "submarine"}}) {
    aerie::EmbeddedOptions options;
    options.set = {{key, value}};
    const auto started = aerie::Embedded::start(options);
    CHECK(started.controller == nullptr);
    CHECK(started.error.message.find(key) != std::string::npos);
    CHECK_FALSE(started.error.remedy.empty());
  }
}
