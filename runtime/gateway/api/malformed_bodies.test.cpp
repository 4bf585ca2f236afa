#include "runtime/gateway/api/malformed_bodies.test.hpp"

#include <cstdint>
#include <utility>

namespace aerie::testing {

namespace {

std::string repeated(std::int64_t count) {
  return std::string(static_cast<std::size_t>(count), 'x');
}

std::vector<Json> wrong_types(FieldType type) {
  const Json object = Json::object();
  switch (type) {
    case FieldType::integer:
      return {"1", 1.5, true, nullptr, object, Json::array()};
    case FieldType::boolean:
      return {"true", 1, nullptr, object};
    case FieldType::labels:
    case FieldType::environment:
    case FieldType::object:
      return {"x", 1, nullptr, Json::array(), true};
    default:
      return {1, nullptr, true, object, Json::array({"x"})};
  }
}

std::vector<Json> wrong_values(const Field& field) {
  switch (field.type) {
    case FieldType::text: {
      std::vector<Json> values{"line\nbreak", std::string("a\0b", 3), "\x7f", "\xc2\x85",
                               repeated(field.most + 1)};
      if (field.least > 0) values.emplace_back(repeated(field.least - 1));
      return values;
    }
    case FieldType::name:
      return {"", "-a", ".a", "A", "a b", "a/b", "..", "ä", repeated(65), "a\n"};
    case FieldType::integer:
      return {field.least - 1, field.most + 1, INT64_MIN, UINT64_MAX};
    case FieldType::choice:
      return {"", "never-a-choice"};
    case FieldType::id:
      return {"", "x", "0F8FAD5B-D9CB-469F-A165-70867728950E"};
    case FieldType::url:
      return {"",
              "example.org",
              "javascript:alert(1)",
              "file:///etc/passwd",
              "ftp://example.org/",
              "chrome://settings",
              "view-source:http://example.org",
              "http://",
              "https:///",
              "http://:80/",
              "http://a b/",
              "http://example.org:99999/",
              "http://example.org:x/",
              "http://[::g]/",
              "http://a<b/",
              std::string("http://a/\0b", 11),
              "http://a/" + repeated(field.most)};
    default:
      return {};
  }
}

/// Entries of a map that are wrong, by their names.
std::vector<std::pair<std::string, Json>> wrong_entries(FieldType type) {
  if (type == FieldType::labels) {
    return {{"Team", "x"}, {"", "x"},      {"a b", "x"},  {repeated(65), "x"},
            {"a", 1},      {"a", nullptr}, {"a", "x\ny"}, {"a", repeated(257)}};
  }
  return {{"1A", "x"},          {"", "x"}, {"A-B", "x"},
          {"A=B", "x"},         {"A", 1},  {"A", std::string("a\0", 2)},
          {"A", repeated(8193)}};
}

Json too_many_entries(const Field& field) {
  Json map = Json::object();
  for (std::int64_t i = 0; i <= field.most; ++i)
    map["a" + std::to_string(i)] = "x";
  return map;
}

void add_for_table(std::vector<MalformedBody>& all, const Json& good, const FieldTable& table,
                   const Json::json_pointer& at, const std::string& prefix);

void add_for_field(std::vector<MalformedBody>& all, const Json& good, const Field& field,
                   const Json::json_pointer& at, const std::string& prefix) {
  const std::string name(field.name);
  const auto path = prefix + name;
  const auto add = [&](const Json& value, const std::string& refused, const char* code) {
    Json body = good;
    body[at][name] = value;
    all.push_back({std::move(body), refused, code});
  };
  for (const auto& value : wrong_types(field.type))
    add(value, path, "bad-field");
  for (const auto& value : wrong_values(field))
    add(value, path, "bad-field");
  if (field.required) {
    Json body = good;
    body[at].erase(name);
    all.push_back({std::move(body), path, "missing-field"});
  }
  if (field.type == FieldType::labels || field.type == FieldType::environment) {
    add(too_many_entries(field), path, "bad-field");
    for (const auto& [entry, value] : wrong_entries(field.type)) {
      add(Json{{entry, value}}, path + "." + entry, "bad-field");
    }
  }
  if (field.type == FieldType::object)
    add_for_table(all, good, field.fields, at / name, path + ".");
}

void add_for_table(std::vector<MalformedBody>& all, const Json& good, const FieldTable& table,
                   const Json::json_pointer& at, const std::string& prefix) {
  for (const auto* unknown : {"unknown", "", "__proto__", "USERID"}) {
    Json body = good;
    body[at][unknown] = 1;
    all.push_back({std::move(body), prefix + unknown, "unknown-field"});
  }
  for (const auto& field : table)
    add_for_field(all, good, field, at, prefix);
}

}  // namespace

std::vector<MalformedBody> malformed_bodies(const Json& good, const FieldTable& table) {
  std::vector<MalformedBody> all;
  add_for_table(all, good, table, Json::json_pointer(), "");
  return all;
}

std::vector<Json> bodies_at_bounds(const Json& good, const FieldTable& table) {
  std::vector<Json> all;
  for (const auto& field : table) {
    const std::string name(field.name);
    for (const auto bound : {field.least, field.most}) {
      Json body = good;
      if (field.type == FieldType::integer) body[name] = bound;
      if (field.type == FieldType::text) body[name] = repeated(bound);
      all.push_back(std::move(body));
    }
  }
  return all;
}

}  // namespace aerie::testing
