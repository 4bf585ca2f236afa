#pragma once

#include <functional>

#include "runtime/config/configuration.hpp"
#include "runtime/config/profiles.hpp"
#include "runtime/config/providers.hpp"

namespace aerie {

/// Everything `serve` needs, read and checked.
struct ServeRequest {
  Configuration configuration;
  Profiles profiles;
  Providers providers;
};

/// Runs the controller until a signal ends it; an error is told by the caller.
using ServeFunction = std::function<Result<void>(const ServeRequest& request)>;

/// The program `aerie`. Exit status: 0 fine, 1 the answer is no, 2 wrong usage or a refused
/// configuration. Errors go to standard error: a line of what, a line of what to do.
[[nodiscard]] int run_command_line(int argc, const char* const* argv, const ServeFunction& serve);

}  // namespace aerie
