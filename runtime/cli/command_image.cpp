#include <iostream>
#include <unistd.h>

#include "runtime/cli/commands.hpp"
#include "runtime/config/configuration.hpp"
#include "runtime/config/profiles.hpp"
#include "runtime/controller/actor_settings.hpp"
#include "runtime/drivers/firecracker/firecracker_state.hpp"
#include "runtime/drivers/guest_network_options.hpp"
#include "runtime/drivers/qemu/qemu_state.hpp"

namespace aerie::cli {

int run_image_save(const CommonOptions& options, const std::string& profile,
                   const std::string& driver) {
  const auto configuration = read_configuration(options);
  if (!configuration) return refused;
  const auto& settings = configuration->settings;
  const auto profiles = load_profiles(settings);
  if (!profiles) {
    tell_error(profiles.error().field + " " + profiles.error().message, "Correct the profile.");
    return refused;
  }
  const auto found = profiles->find(profile);
  if (found == profiles->end()) {
    tell_error("There is no profile '" + profile + "'.", "Name one of config/profiles.");
    return answer_is_no;
  }
  SaveRequest request;
  request.images = image_settings(settings);
  request.profile = *found->second;
  request.uid_base = ::geteuid() == 0 ? settings.guests.uid_base : 0;
  const auto source =
      driver == "firecracker"
          ? firecracker::make_state_source({settings.firecracker_program, settings.jailer_program},
                                           guests_get_networks(settings).has_value())
          : make_qemu_state_source();
  const auto saved = save_guest(request, *source);
  if (!saved) {
    tell_error(saved.error().message, saved.error().remedy);
    return answer_is_no;
  }
  std::cout << saved->folder << "\n";
  return fine;
}

}  // namespace aerie::cli
