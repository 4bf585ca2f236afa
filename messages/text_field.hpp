#pragma once

#include <string>

#include "messages/cause.hpp"

namespace aerie {

/// A field's text; empty where it is missing or no text.
[[nodiscard]] inline std::string text_in(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace aerie
