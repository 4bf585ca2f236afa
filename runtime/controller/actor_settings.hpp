#pragma once

#include <string>

#include "actors/core/environment.hpp"
#include "runtime/config/profiles.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/drivers/process/process_driver.hpp"
#include "runtime/drivers/vm/vm_machine.hpp"

namespace aerie {

/// Hands the configuration on to the actors, with the real clock and real chance.
void fill_environment(Environment& environment, const Settings& settings, const Profiles& profiles);

[[nodiscard]] ProcessDriverOptions process_driver_options(const Settings& settings,
                                                          const std::string& state);

/// What virtual machines share with process guests: where they live, users, cgroups.
[[nodiscard]] VmOptions vm_options(const ProcessDriverOptions& options);

[[nodiscard]] ImageSettings image_settings(const Settings& settings);

}  // namespace aerie
