#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace aerie::guest {

using Environment = std::map<std::string, std::string>;

/// The values that a profile's commands may name as `${url}`, `${width}`, `${height}`,
/// `${session}`.
using Substitutions = std::map<std::string, std::string>;

/// Puts the values into each argument. An argument stays one argument whatever the value is; values
/// are not substituted again; `${…}` of an unknown name stays as it is.
[[nodiscard]] std::vector<std::string> substitute(const std::vector<std::string>& command,
                                                  const Substitutions& values);

/// Our own environment without the variables meant for the guest program itself (`AERIE_…`).
[[nodiscard]] Environment own_environment();

/// Later layers win.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> merge(
    const std::vector<const Environment*>& layers);

/// The first of `required` that is not among `env`; empty when all are there.
[[nodiscard]] std::string first_missing(
    const std::vector<std::string>& required,
    const std::vector<std::pair<std::string, std::string>>& env);

}  // namespace aerie::guest
