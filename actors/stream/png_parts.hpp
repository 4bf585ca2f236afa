#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "messages/cause.hpp"

namespace aerie {

/// Puts a PNG together from the parts in which a guest's streamer sends it: `{part, parts, bytes,
/// data}`, `data` in base64. The guest is hostile: the size it names is bounded, holds for all
/// parts, and what comes out begins as a PNG (its specification, sections 5.2 and 11.2.2) of a
/// display's size.
class PngParts {
 public:
  static constexpr std::size_t max_bytes = 32 * 1024 * 1024;
  static constexpr std::size_t max_parts = 1024;

  /// Takes the next part in order. What is wrong with it as a sentence; empty: nothing.
  [[nodiscard]] std::optional<std::string> add(const Json& body);

  /// The number of the part that is wanted next, from 0.
  [[nodiscard]] std::size_t next() const { return next_; }
  [[nodiscard]] bool is_complete() const { return parts_ > 0 && next_ == parts_; }
  [[nodiscard]] std::string take() { return std::move(png_); }

 private:
  std::size_t next_ = 0;
  std::size_t parts_ = 0;  ///< as the first part says; 0: it has not come
  std::size_t bytes_ = 0;
  std::string png_;
};

/// Base64 (RFC 4648, section 4) without line breaks; empty: it is none.
[[nodiscard]] std::optional<std::string> decode_base64(const std::string& text);

}  // namespace aerie
