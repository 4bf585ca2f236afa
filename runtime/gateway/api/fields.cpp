#include "runtime/gateway/api/fields.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "messages/field_error.hpp"
#include "messages/object_reader.hpp"
#include "runtime/gateway/pages.hpp"
#include "runtime/secrets/identity.hpp"

namespace aerie {

namespace {

constexpr std::size_t label_characters = 256;
constexpr std::size_t variable_bytes = 8 * 1024;
constexpr std::string_view label_prefix = "label.";

tl::unexpected<FieldFault> bad(std::string field, std::string message) {
  return tl::unexpected(FieldFault{"bad-field", std::move(field), std::move(message)});
}

std::string between(const Field& field, std::string_view unit) {
  return std::to_string(field.least) + " to " + std::to_string(field.most) + std::string(unit);
}

bool is_variable_name(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto is_rest = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= 64 && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), is_rest);
}

/// The sentence that refuses `text`, empty where it is fine.
std::string refuse_text(const Field& field, std::string_view text) {
  switch (field.type) {
    case FieldType::text:
      return is_printable(text, static_cast<std::size_t>(field.least),
                          static_cast<std::size_t>(field.most))
                 ? ""
                 : "must have " + between(field, " printable characters");
    case FieldType::name:
      return is_name(text) ? "" : "must match ^[a-z0-9][a-z0-9._-]{0,63}$";
    case FieldType::id:
      return is_uuid(text) ? "" : "must be a lower-case UUID";
    case FieldType::url:
      if (text.size() > static_cast<std::size_t>(field.most)) {
        return "must have at most " + std::to_string(field.most) + " bytes";
      }
      return refuse_url(trimmed_url(text));
    case FieldType::choice: {
      if (std::find(field.choices.begin(), field.choices.end(), text) != field.choices.end()) {
        return "";
      }
      std::string message = "must be one of";
      for (const auto choice : field.choices)
        message += " " + std::string(choice);
      return message;
    }
    default:
      return "must not be a string";
  }
}

FieldCheck check_number(const std::string& path, const Field& field, const Json& value) {
  if (!value.is_number_integer()) {
    return bad(path, "must be an integer, not " + std::string(type_name(value)));
  }
  const bool too_large = value.is_number_unsigned() &&
                         value.get<std::uint64_t>() > static_cast<std::uint64_t>(field.most);
  const auto number = too_large ? 0 : value.get<std::int64_t>();
  if (too_large || number < field.least || number > field.most) {
    return bad(path, "must be " + between(field, "") + ", not " + value.dump());
  }
  return {};
}

FieldCheck check_map(const std::string& path, const Field& field, const Json& value) {
  if (!value.is_object()) {
    return bad(path, "must be an object, not " + std::string(type_name(value)));
  }
  if (value.size() > static_cast<std::size_t>(field.most)) {
    return bad(path, "must have at most " + std::to_string(field.most) + " entries");
  }
  const bool labels = field.type == FieldType::labels;
  for (const auto& [name, entry] : value.items()) {
    const auto entry_path = path + "." + name;
    if (labels ? !is_name(name) : !is_variable_name(name)) {
      return bad(entry_path, labels ? "is not a label's name: ^[a-z0-9][a-z0-9._-]{0,63}$"
                                    : "is not a variable's name: ^[A-Za-z_][A-Za-z0-9_]{0,63}$");
    }
    if (!entry.is_string()) {
      return bad(entry_path, "must be a string, not " + std::string(type_name(entry)));
    }
    const auto& text = entry.get_ref<const std::string&>();
    if (labels && !is_printable(text, 0, label_characters)) {
      return bad(entry_path, "must have 0 to 256 printable characters");
    }
    if (!labels && (text.size() > variable_bytes || text.find('\0') != std::string::npos)) {
      return bad(entry_path, "must have at most 8192 bytes, none of them 0");
    }
  }
  return {};
}

FieldCheck check_object(const std::string& path, const Json& body, const FieldTable& table);

FieldCheck check_value(const std::string& path, const Field& field, const Json& value) {
  switch (field.type) {
    case FieldType::integer:
      return check_number(path, field, value);
    case FieldType::boolean:
      if (value.is_boolean()) return {};
      return bad(path, "must be a boolean, not " + std::string(type_name(value)));
    case FieldType::labels:
    case FieldType::environment:
      return check_map(path, field, value);
    case FieldType::object:
      return check_object(path, value, field.fields);
    default:
      break;
  }
  if (!value.is_string()) {
    return bad(path, "must be a string, not " + std::string(type_name(value)));
  }
  if (auto message = refuse_text(field, value.get_ref<const std::string&>()); !message.empty()) {
    return bad(path, std::move(message));
  }
  return {};
}

FieldFault unknown_field(const std::string& path, std::string_view name, const FieldTable& table) {
  std::vector<std::string> known;
  for (const auto& field : table)
    known.emplace_back(field.name);
  return {"unknown-field", path, unknown_name_message(name, known)};
}

FieldCheck check_object(const std::string& path, const Json& body, const FieldTable& table) {
  if (!body.is_object()) {
    return bad(path, "must be an object, not " + std::string(type_name(body)));
  }
  const auto path_of = [&](std::string_view name) {
    return path.empty() ? std::string(name) : path + "." + std::string(name);
  };
  for (const auto& [name, value] : body.items()) {
    const auto is_it = [&name = name](const Field& field) { return field.name == name; };
    if (std::none_of(table.begin(), table.end(), is_it)) {
      return tl::unexpected(unknown_field(path_of(name), name, table));
    }
  }
  for (const auto& field : table) {
    const auto found = body.find(field.name);
    if (found == body.end()) {
      if (!field.required) continue;
      return tl::unexpected(FieldFault{"missing-field", path_of(field.name), "is missing"});
    }
    if (auto checked = check_value(path_of(field.name), field, *found); !checked) return checked;
  }
  return {};
}

/// The value of a query's field as the JSON it would be in a body.
Json typed_query_value(const Field& field, const std::string& text) {
  if (field.type == FieldType::integer) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size()) return number;
  }
  if (field.type == FieldType::boolean) {
    if (text == "true" || text == "1") return true;
    if (text == "false" || text == "0") return false;
  }
  return text;
}

}  // namespace

FieldCheck check_body(const Json& body, const FieldTable& table) {
  return check_object("", body, table);
}

FieldCheck check_query(const Pairs& query, const FieldTable& table) {
  std::set<std::string_view> seen;
  for (const auto& [name, value] : query) {
    if (!seen.insert(name).second) return bad(name, "appears twice");
    const bool is_label = name.starts_with(label_prefix);
    const auto found = std::find_if(table.begin(), table.end(), [&](const Field& field) {
      return is_label ? field.type == FieldType::labels : field.name == name;
    });
    if (found == table.end()) return tl::unexpected(unknown_field(name, name, table));
    const auto json = is_label ? Json{{name.substr(label_prefix.size()), value}}
                               : typed_query_value(*found, value);
    // The prefix is the path of a label's entry already.
    auto checked = check_value(is_label ? "label" : name, *found, json);
    if (!checked) return checked;
  }
  for (const auto& field : table) {
    if (!field.required || seen.contains(field.name)) continue;
    return tl::unexpected(FieldFault{"missing-field", std::string(field.name), "is missing"});
  }
  return {};
}

bool is_printable(std::string_view text, std::size_t least, std::size_t most) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return false;
    // U+0080 to U+009F, the second block of control characters, is C2 80 to C2 9F.
    const bool second_block =
        byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (second_block) return false;
    if ((byte & 0xc0U) != 0x80U) ++characters;
  }
  return characters >= least && characters <= most;
}

}  // namespace aerie
