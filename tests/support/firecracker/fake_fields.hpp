#pragma once

#include <string>

#include "messages/cause.hpp"

namespace aerie::test::fake {

/// What the API answers instead of doing what was asked.
struct Refused {
  std::string message;
  int status = 400;
};

/// The body of a request as Firecracker deserializes it: every field it must have, none that it
/// does not know, each of its type. Throws `Refused` with serde's words.
[[nodiscard]] Json parse(const std::string& method, const std::string& path,
                         const std::string& body);

}  // namespace aerie::test::fake
