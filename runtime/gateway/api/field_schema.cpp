#include "messages/field_error.hpp"
#include "runtime/gateway/api/fields.hpp"

namespace aerie {

namespace {

constexpr const char* name_pattern = "^[a-z0-9][a-z0-9._-]{0,63}$";

}  // namespace

Json schema_of(const Field& field) {
  Json schema;
  switch (field.type) {
    case FieldType::text:
      schema = {{"type", "string"}, {"minLength", field.least}, {"maxLength", field.most}};
      break;
    case FieldType::name:
      schema = {{"type", "string"}, {"pattern", name_pattern}};
      break;
    case FieldType::url:
      schema = {{"type", "string"}, {"maxLength", field.most}};
      break;
    case FieldType::integer:
      schema = {{"type", "integer"}, {"minimum", field.least}, {"maximum", field.most}};
      break;
    case FieldType::boolean:
      schema = {{"type", "boolean"}};
      break;
    case FieldType::choice:
      schema = {{"type", "string"}, {"enum", field.choices}};
      break;
    case FieldType::id:
      schema = {{"type", "string"}, {"format", "uuid"}};
      break;
    case FieldType::labels:
      schema = {{"type", "object"},
                {"maxProperties", field.most},
                {"propertyNames", {{"pattern", name_pattern}}},
                {"additionalProperties", {{"type", "string"}, {"maxLength", 256}}}};
      break;
    case FieldType::environment:
      schema = {{"type", "object"},
                {"maxProperties", field.most},
                {"propertyNames", {{"pattern", "^[A-Za-z_][A-Za-z0-9_]{0,63}$"}}},
                {"additionalProperties", {{"type", "string"}, {"maxLength", 8192}}}};
      break;
    case FieldType::object:
      schema = schema_of(field.fields);
      break;
  }
  if (!field.description.empty()) schema["description"] = field.description;
  return schema;
}

Json schema_of(const FieldTable& table) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const auto& field : table) {
    properties[std::string(field.name)] = schema_of(field);
    if (field.required) required.push_back(field.name);
  }
  Json schema{
      {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

}  // namespace aerie
