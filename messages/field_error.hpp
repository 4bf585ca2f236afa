#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace aerie {

/// What is wrong with one field of something a person wrote: a profile, a configuration, a request.
struct FieldError {
  /// Path from the document's root, `children[1].ready.withinMs`; empty for the document itself.
  std::string field;
  /// One sentence without the field's name: `must be between 1 and 64, not 0`.
  std::string message;

  friend bool operator==(const FieldError&, const FieldError&) = default;
};

/// A checked value, or the first field that is wrong.
template <class T>
using Checked = tl::expected<T, FieldError>;

/// The candidate nearest to `name` by edit distance, case ignored, the first of equals; empty only
/// without candidates. Of dotted names the last part alone may match too, at the price of one edit.
[[nodiscard]] std::string nearest_name(std::string_view name,
                                       const std::vector<std::string>& candidates);

/// `is unknown; the nearest known one is "display"`.
[[nodiscard]] std::string unknown_name_message(std::string_view name,
                                               const std::vector<std::string>& candidates);

/// True for names of profiles, children, providers, holds and labels:
/// `^[a-z0-9][a-z0-9._-]{0,63}$`.
[[nodiscard]] bool is_name(std::string_view text);

}  // namespace aerie
