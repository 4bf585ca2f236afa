#pragma once

#include <string>
#include <utility>
#include <vector>

namespace aerie {

/// `/etc/environment` of a virtual machine, which log-in shells and units of the guest read: lines
/// `NAME=value` (pam_env(8)). Values have no line break.
inline constexpr const char* environment_file = "/etc/environment";

/// The text with these variables set: in the place of those that are there, else at the end.
[[nodiscard]] std::string with_variables(
    const std::string& text, const std::vector<std::pair<std::string, std::string>>& variables);

/// Sets them in the file, where it is there and this user may write it: a guest without a machine
/// of its own has none, and nothing happens.
void set_in_environment_file(const std::vector<std::pair<std::string, std::string>>& variables);

}  // namespace aerie
