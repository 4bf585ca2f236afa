#include "actors/supervisor/exit_cause.hpp"

#include <caf/sec.hpp>
#include <string>

namespace aerie {

caf::error exit_reason_of(const Cause& cause) {
  auto text = Json(cause).dump(-1, ' ', false, Json::error_handler_t::replace);
  return caf::make_error(caf::sec::runtime_error, cause.message, std::move(text));
}

std::optional<Cause> cause_in(const caf::error& reason) {
  // A normal end has no context to look into.
  if (!reason || !reason.context().match_elements<std::string, std::string>()) return std::nullopt;
  const auto json = Json::parse(reason.context().get_as<std::string>(1), nullptr, false);
  try {
    return json.get<Cause>();
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace aerie
