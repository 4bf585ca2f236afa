#pragma once

#include <string>

#include "messages/time.hpp"

namespace aerie {

/// One line that a child wrote, without its line break. Bytes are the child's own: not necessarily
/// UTF-8, control characters included.
struct LogLine {
  enum class Stream { out, err };

  Instant at{};
  Stream stream = Stream::out;
  std::string text;

  friend bool operator==(const LogLine&, const LogLine&) = default;
};

}  // namespace aerie
