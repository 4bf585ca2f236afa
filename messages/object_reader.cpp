#include "messages/object_reader.hpp"

#include <algorithm>

namespace aerie {
namespace {

std::string range_message(std::int64_t least, std::int64_t most, const Json& value) {
  return "must be between " + std::to_string(least) + " and " + std::to_string(most) + ", not " +
         value.dump();
}

bool in_range(const Json& value, std::int64_t least, std::int64_t most) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    return most >= 0 && number <= static_cast<std::uint64_t>(most) &&
           (least <= 0 || number >= static_cast<std::uint64_t>(least));
  }
  const auto number = value.get<std::int64_t>();
  return number >= least && number <= most;
}

}  // namespace

std::string_view type_name(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "a list";
    case Json::value_t::string:
      return "a string";
    case Json::value_t::boolean:
      return "a boolean";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return "an integer";
    case Json::value_t::number_float:
      return "a fraction";
    default:
      return "no value";
  }
}

ObjectReader::ObjectReader(const Json& json, std::string path, std::optional<FieldError>& error)
    : json_(json), path_(std::move(path)), error_(error) {
  if (!json_.is_object()) fail("", "must be an object, not " + std::string(type_name(json_)));
}

bool ObjectReader::has(std::string_view key) {
  return get(key) != nullptr;
}

bool ObjectReader::require(std::string_view key) {
  if (has(key)) return true;
  fail(key, "is missing");
  return false;
}

const Json* ObjectReader::get(std::string_view key) {
  known_.emplace_back(key);
  if (!json_.is_object()) return nullptr;
  const auto found = json_.find(key);
  return found == json_.end() ? nullptr : &*found;
}

void ObjectReader::integer(std::string_view key, int& target, std::int64_t least,
                           std::int64_t most) {
  const auto* value = get(key);
  if (value == nullptr) return;
  if (!value->is_number_integer())
    return fail(key, "must be an integer, not " + std::string(type_name(*value)));
  if (!in_range(*value, least, most)) return fail(key, range_message(least, most, *value));
  target = value->get<int>();
}

void ObjectReader::boolean(std::string_view key, bool& target) {
  const auto* value = get(key);
  if (value == nullptr) return;
  if (!value->is_boolean())
    return fail(key, "must be a boolean, not " + std::string(type_name(*value)));
  target = value->get<bool>();
}

void ObjectReader::duration(std::string_view key, Duration& target, Duration least, Duration most) {
  const auto* value = get(key);
  if (value == nullptr) return;
  if (!value->is_number_integer())
    return fail(key, "must be integer milliseconds, not " + std::string(type_name(*value)));
  if (!in_range(*value, least.count(), most.count()))
    return fail(key, range_message(least.count(), most.count(), *value));
  target = Duration{value->get<Duration::rep>()};
}

bool ObjectReader::check_text(const std::string& path, const Json& value, std::size_t most) {
  if (!value.is_string()) {
    fail_at(path, "must be a string, not " + std::string(type_name(value)));
    return false;
  }
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() > most) {
    fail_at(path, "must be at most " + std::to_string(most) + " bytes long, not " +
                      std::to_string(text.size()));
    return false;
  }
  if (text.find('\0') != std::string::npos) {
    fail_at(path, "must not contain a NUL character");
    return false;
  }
  return true;
}

void ObjectReader::string(std::string_view key, std::string& target, std::size_t most) {
  const auto* value = get(key);
  if (value != nullptr && check_text(path_of(key), *value, most))
    target = value->get<std::string>();
}

void ObjectReader::strings(std::string_view key, std::vector<std::string>& target,
                           std::size_t most_items, std::size_t most_bytes) {
  const auto* value = get(key);
  if (value == nullptr) return;
  if (!value->is_array())
    return fail(key, "must be a list of strings, not " + std::string(type_name(*value)));
  if (value->size() > most_items)
    return fail(key, "must have at most " + std::to_string(most_items) + " items, not " +
                         std::to_string(value->size()));
  target.clear();
  for (std::size_t i = 0; i < value->size(); ++i) {
    if (!check_text(path_of(key) + "[" + std::to_string(i) + "]", (*value)[i], most_bytes)) return;
    target.push_back((*value)[i].get<std::string>());
  }
}

void ObjectReader::string_map(std::string_view key, std::map<std::string, std::string>& target,
                              std::size_t most_items, std::size_t most_bytes) {
  const auto* value = get(key);
  if (value == nullptr) return;
  if (!value->is_object())
    return fail(key, "must be an object of strings, not " + std::string(type_name(*value)));
  if (value->size() > most_items)
    return fail(key, "must have at most " + std::to_string(most_items) + " items, not " +
                         std::to_string(value->size()));
  target.clear();
  for (const auto& [name, entry] : value->items()) {
    if (!check_text(path_of(key) + "." + name, entry, most_bytes)) return;
    target.emplace(name, entry.get<std::string>());
  }
}

void ObjectReader::fail(std::string_view key, std::string message) {
  fail_at(key.empty() ? path_ : path_of(key), std::move(message));
}

void ObjectReader::fail_at(std::string path, std::string message) {
  if (!error_) error_ = FieldError{std::move(path), std::move(message)};
}

void ObjectReader::fail_choice(std::string_view key, const Json& value,
                               const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names)
    list += (list.empty() ? "" : ", ") + name;
  fail(key, "must be one of " + list + ", not " +
                (value.is_string() ? value.dump() : std::string(type_name(value))));
}

void ObjectReader::finish() {
  if (!json_.is_object()) return;
  for (const auto& [key, value] : json_.items()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    // A key misspelt explains a key missing, so it goes first.
    error_ = FieldError{path_of(key), unknown_name_message(key, known_)};
    return;
  }
}

std::string ObjectReader::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

}  // namespace aerie
