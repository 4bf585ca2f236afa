#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "messages/field_error.hpp"
#include "runtime/config/settings.hpp"

namespace aerie {

/// One key of the configuration: what it is called, what it may be, where it goes.
struct ConfigKey {
  std::string name;  ///< `section.key`
  std::string type;  ///< `integer`, `string`, … for people
  Json fallback;
  std::string range;  ///< for people; empty: none
  std::string description;
  bool is_list = false;    ///< a comma-separated string will do outside files
  bool is_object = false;  ///< `name.member` sets one member
  /// Checks a value and puts it in its place, or says what is wrong with it.
  std::function<std::optional<std::string>(Settings&, const Json&)> assign;
};

/// Every key there is, in the order of documentation. The one table from which come defaults,
/// checks, `aerie config` and the documentation.
[[nodiscard]] const std::vector<ConfigKey>& config_keys();

/// The key's name in the environment: `AERIE_LIMITS_SESSIONS`.
[[nodiscard]] std::string environment_name(const std::string& key);

}  // namespace aerie
