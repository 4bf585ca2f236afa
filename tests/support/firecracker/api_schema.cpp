// What is no schema is an exception of valijson then, not the end of the process.
#define VALIJSON_USE_EXCEPTIONS 1

#include "tests/support/firecracker/api_schema.hpp"

#include <algorithm>
#include <stdexcept>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>
#include <yaml-cpp/yaml.h>

namespace aerie::test {
namespace {

Json to_json(const YAML::Node& node) {
  if (node.IsMap()) {
    Json object = Json::object();
    for (const auto& entry : node)
      object[entry.first.as<std::string>()] = to_json(entry.second);
    return object;
  }
  if (node.IsSequence()) {
    Json array = Json::array();
    for (const auto& each : node)
      array.push_back(to_json(each));
    return array;
  }
  if (!node.IsScalar()) return nullptr;
  // YAML marks what was quoted with the tag `!`: that is text, whatever it looks like.
  if (node.Tag() == "!") return node.Scalar();
  bool boolean = false;
  if (YAML::convert<bool>::decode(node, boolean)) return boolean;
  std::int64_t number = 0;
  if (YAML::convert<std::int64_t>::decode(node, number)) return number;
  return node.Scalar();
}

/// Objects with named properties have no others. A property may itself be named `properties`, so
/// only schemas are gone into.
void close_objects(Json& schema) {
  if (!schema.is_object()) return;
  if (const auto properties = schema.find("properties"); properties != schema.end()) {
    for (auto& each : *properties)
      close_objects(each);
    if (!schema.contains("additionalProperties")) schema["additionalProperties"] = false;
  }
  if (const auto items = schema.find("items"); items != schema.end()) close_objects(*items);
}

/// Whether a path is one of a template's, `/drives/{drive_id}`.
bool fits(const std::string& pattern, const std::string& path) {
  const auto open = pattern.find('{');
  if (open == std::string::npos) return pattern == path;
  const auto stem = pattern.substr(0, open);
  return path.starts_with(stem) && path.size() > stem.size() &&
         path.find('/', stem.size()) == std::string::npos && pattern.ends_with('}');
}

std::string why(valijson::ValidationResults& results) {
  std::string text;
  valijson::ValidationResults::Error error;
  while (results.popError(error)) {
    for (const auto& part : error.context)
      text += part;
    text += ": " + error.description + " ";
  }
  return text;
}

}  // namespace

struct ApiSchema::Document {
  Json json;
};

ApiSchema::ApiSchema(const std::string& path) : document_(std::make_unique<Document>()) {
  document_->json = to_json(YAML::LoadFile(path));
  auto& json = document_->json;
  if (!json.is_object() || json.value("swagger", "") != "2.0" || !json.contains("paths"))
    throw std::runtime_error{path + " is no swagger 2.0"};
  for (auto& definition : json["definitions"])
    close_objects(definition);
}

ApiSchema::~ApiSchema() = default;

std::string ApiSchema::judge(const std::string& method, const std::string& path,
                             const std::optional<Json>& body) const {
  auto verb = method;
  std::transform(verb.begin(), verb.end(), verb.begin(),
                 [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
  const Json* operation = nullptr;
  for (const auto& [pattern, item] : document_->json.at("paths").items())
    if (fits(pattern, path) && item.contains(verb)) operation = &item.at(verb);
  if (operation == nullptr) return "there is no " + method + " " + path;

  const Json* parameter = nullptr;
  for (const auto& each : operation->value("parameters", Json::array()))
    if (each.at("in") == "body") parameter = &operation->at("parameters");
  if (parameter == nullptr) return body ? method + " " + path + " takes no body" : "";
  if (!body) return method + " " + path + " has no body";

  Json root{{"definitions", document_->json.at("definitions")}};
  for (const auto& each : *parameter)
    if (each.at("in") == "body") root.update(each.at("schema"));
  valijson::Schema schema;
  valijson::SchemaParser parser{valijson::SchemaParser::kDraft4};
  if (root.contains("$ref")) {
    // A reference stands alone (JSON Reference): the definition itself becomes the root.
    const auto name =
        root.at("$ref").get<std::string>().substr(std::string{"#/definitions/"}.size());
    const auto definitions = root.at("definitions");
    root = definitions.at(name);
    root["definitions"] = definitions;
  }
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter{root}, schema);
  valijson::Validator validator;
  valijson::ValidationResults results;
  if (validator.validate(schema, valijson::adapters::NlohmannJsonAdapter{*body}, &results))
    return {};
  return method + " " + path + ": " + why(results);
}

}  // namespace aerie::test
