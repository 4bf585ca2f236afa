#pragma once

#include <map>
#include <string>

#include "messages/field_error.hpp"
#include "messages/provider.hpp"
#include "messages/shared_value.hpp"
#include "runtime/config/settings.hpp"

namespace aerie {

/// The providers of this controller, by name and by each alias. Read once, at the start.
using Providers = std::map<std::string, SharedValue<Provider>>;

/// Reads `*.json` of each directory of `providers.path`, then of the shipped one; of providers with
/// one name the first found counts. Every file is checked, those that lose too. An alias that is
/// another's name or alias is refused. The error's field is led by the file.
[[nodiscard]] Checked<Providers> load_providers(const Settings& settings);

/// As above from the given directories, in their order.
[[nodiscard]] Checked<Providers> load_providers_from(const std::vector<std::string>& directories);

}  // namespace aerie
