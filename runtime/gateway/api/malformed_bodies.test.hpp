#pragma once

#include <string>
#include <vector>

#include "runtime/gateway/api/fields.hpp"

namespace aerie::testing {

/// A body that is wrong in one place.
struct MalformedBody {
  Json body;
  std::string field;  ///< where, as the refusal must name it
  std::string code;
};

/// Bodies derived from a good one: for each field of the table a wrong type, values beyond each of
/// its bounds, and its absence where it is required; and unknown fields on every level.
[[nodiscard]] std::vector<MalformedBody> malformed_bodies(const Json& good,
                                                          const FieldTable& table);

/// Values at each of a field's bounds: all of them must be accepted.
[[nodiscard]] std::vector<Json> bodies_at_bounds(const Json& good, const FieldTable& table);

}  // namespace aerie::testing
