#pragma once

#include "runtime/cli/command_line.hpp"

namespace aerie {

/// Runs the controller in this process until it is told to end. SIGTERM and SIGHUP: no new
/// sessions, guests run on for the next controller. SIGINT, or any of them with `stop_guests`:
/// sessions are retired within `shutdown.withinMs`. A second signal ends that wait at once. Prints
/// one line with the address once it serves. Call it from the main thread, before any other exists.
[[nodiscard]] Result<void> serve_controller(const ServeRequest& request);

}  // namespace aerie
