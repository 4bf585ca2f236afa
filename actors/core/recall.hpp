#pragma once

#include <stdexcept>
#include <string>

#include "messages/cause.hpp"
#include "messages/time.hpp"

/// Reading what an actor remembered (`Remember`) for the next controller. These throw
/// `std::exception`s, which `restored_vm` and its like turn into causes.
namespace aerie::recall {

/// The enumerator called `name`, among those up to `last`.
template <class Enum>
Enum named(const Json& name, Enum last) {
  const auto& text = name.get_ref<const std::string&>();
  for (int i = 0; i <= static_cast<int>(last); ++i)
    if (to_string(static_cast<Enum>(i)) == text) return static_cast<Enum>(i);
  throw std::invalid_argument("unknown name " + text);
}

inline Instant instant(const Json& json) {
  const auto at = from_rfc3339(json.get_ref<const std::string&>());
  if (!at) throw std::invalid_argument("malformed instant " + json.dump());
  return *at;
}

inline Duration duration(const Json& json) {
  return Duration{json.get<Duration::rep>()};
}

inline std::optional<Cause> cause(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional(json.get<Cause>());
}

}  // namespace aerie::recall
