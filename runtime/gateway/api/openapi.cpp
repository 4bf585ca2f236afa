#include "runtime/gateway/api/routes.hpp"

namespace aerie {

namespace {

Json error_schema() {
  return {{"type", "object"},
          {"required", {"success", "error"}},
          {"properties",
           {{"success", {{"const", false}}},
            {"error",
             {{"type", "object"},
              {"required", {"code", "message"}},
              {"properties",
               {{"code", {{"type", "string"}}},
                {"message", {{"type", "string"}}},
                {"field", {{"type", "string"}}},
                {"retryAfterMs", {{"type", "integer"}}}}}}}}}};
}

std::string_view type_of_answer(Operation operation) {
  switch (operation) {
    case Operation::follow_events:
      return "text/event-stream";
    case Operation::run_command:
      return "application/x-ndjson";
    case Operation::open_player:
      return "application/sdp";
    case Operation::take_screenshot:
      return "image/png";
    case Operation::metrics:
    case Operation::read_logs:
    case Operation::read_console:
      return "text/plain";
    default:
      return "application/json";
  }
}

std::string_view access_sentence(Access access) {
  switch (access) {
    case Access::open:
      return "Needs no token.";
    case Access::read_all:
      return "Operator, observer.";
    case Access::read_own:
      return "Operator, observer; a session token sees its own session.";
    case Access::retire:
      return "Operator; a session token for its own session, without force.";
    case Access::watch:
      return "Operator; a session or watch token for its own session.";
    case Access::operate:
      return "Operator.";
  }
  return "";
}

Json parameters_of(const Route& route) {
  Json parameters = Json::array();
  auto rest = route.pattern;
  for (auto open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
    const auto close = rest.find('}', open);
    parameters.push_back({{"name", rest.substr(open + 1, close - open - 1)},
                          {"in", "path"},
                          {"required", true},
                          {"schema", {{"type", "string"}}}});
    rest.remove_prefix(close + 1);
  }
  for (const auto& field : route.query) {
    Json parameter{{"name", field.name},
                   {"in", "query"},
                   {"required", field.required},
                   {"schema", schema_of(field)}};
    // `label.K=V` is not one of the styles that OpenAPI knows; `deepObject` comes nearest.
    if (field.type == FieldType::labels) parameter["style"] = "deepObject";
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

Json headers_of_player() {
  Json headers = Json::object();
  for (const auto& [name, description] :
       {std::pair{"Location", "The player's own resource"}, std::pair{"ETag", "Its ICE session"},
        std::pair{"Accept-Patch", "application/trickle-ice-sdpfrag"},
        std::pair{"Link", "An ICE server, rel=\"ice-server\" (RFC 9725)"}})
    headers[name] = {{"description", description}, {"schema", {{"type", "string"}}}};
  return headers;
}

Json operation_of(const Route& route) {
  const auto error = [](std::string_view description) {
    return Json{{"description", description},
                {"content",
                 {{"application/json", {{"schema", {{"$ref", "#/components/schemas/Error"}}}}}}}};
  };
  Json done{{"description", "Done"}};
  if (route.status != 204)
    done["content"] = {{std::string(type_of_answer(route.operation)), Json::object()}};
  Json responses{{std::to_string(route.status), std::move(done)},
                 {"422", error("An unknown field, or a value out of range")}};
  if (route.access != Access::open) {
    responses["401"] = error("No token, or a wrong one");
    responses["403"] = error("The token does not allow it");
  }
  if (route.pattern.find('{') != std::string_view::npos) responses["404"] = error("Unknown");
  if (route.body) {
    responses["400"] = error(route.body_type.empty() ? "Not JSON, or malformed" : "Malformed");
    responses["411"] = error("A body without Content-Length");
    responses["413"] = error("A body over 64 KiB");
  }
  if (route.operation == Operation::create_session || route.operation == Operation::start_auth) {
    responses["409"] = error("The Idempotency-Key came with another body before");
    responses["429"] = error("A limit is reached");
    responses["503"] = error("Draining, or the store failed");
  }
  if (!route.body_type.empty()) responses["415"] = error("A body of another type");
  if (route.operation == Operation::open_player) {
    responses["406"] = error("No video is offered that could be sent");
    responses["409"] =
        error("The stream is not up (then with Retry-After), or the session is over");
    responses["429"] = error("The session has its viewers");
    responses["503"] = error("The streamer did not answer");
    responses["201"]["headers"] = headers_of_player();
  }
  if (route.operation == Operation::take_screenshot) {
    responses["409"] = error("The stream is not up, or the session is over");
    responses["429"] = error("A picture was taken just now");
    responses["503"] = error("The guest gave no picture");
  }
  if (route.operation == Operation::add_candidates) {
    responses["412"] = error("If-Match names another ICE session");
    responses["422"] = error("ICE is not restarted");
  }
  Json operation{{"summary", route.summary},
                 {"description", access_sentence(route.access)},
                 {"parameters", parameters_of(route)},
                 {"responses", std::move(responses)}};
  if (route.access == Access::open) operation["security"] = Json::array();
  if (route.body) {
    const auto schema = route.body_type.empty() ? schema_of(*route.body) : Json{{"type", "string"}};
    const std::string type(route.body_type.empty() ? "application/json" : route.body_type);
    operation["requestBody"] = {{"required", route.body_required},
                                {"content", {{type, {{"schema", schema}}}}}};
  }
  return operation;
}

}  // namespace

Json describe_routes(const std::vector<Route>& all) {
  Json paths = Json::object();
  for (const auto& route : all) {
    paths[std::string(route.pattern)][to_lower(route.method)] = operation_of(route);
  }
  return {{"openapi", "3.1.0"},
          {"info", {{"title", "Aerie"}, {"version", "1"}}},
          {"paths", std::move(paths)},
          {"security", Json::array({{{"bearer", Json::array()}}})},
          {"components",
           {{"securitySchemes", {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}}}},
            {"schemas", {{"Error", error_schema()}}}}}};
}

}  // namespace aerie
