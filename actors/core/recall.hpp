#pragma once

#include <stdexcept>
#include <string>

#include "messages/cause.hpp"
#include "messages/time.hpp"

/// What an actor remembers (`Remember`) for the next controller, and reading it. The readers throw
/// `std::exception`s, which `restored_vm` and its like turn into causes.
namespace aerie::recall {

/// What is handed to the ledger. A guest's words may be in it, so what is no UTF-8 is replaced.
inline std::string text(const Json& memory) {
  return memory.dump(-1, ' ', false, Json::error_handler_t::replace);
}

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
