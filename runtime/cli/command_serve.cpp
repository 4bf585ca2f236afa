#include "runtime/cli/commands.hpp"
#include "runtime/drivers/guest_network_options.hpp"

namespace aerie::cli {

int run_serve(const CommonOptions& options, const ServeFunction& serve) {
  auto configuration = read_configuration(options);
  if (!configuration) return refused;
  const auto& settings = configuration->settings;
  if (const auto wrong =
          check_listen(settings, [&] { return guests_get_networks(settings).has_value(); })) {
    tell_error(wrong->field + " " + wrong->message, "Correct it and start again.");
    return refused;
  }
  auto profiles = load_profiles(settings);
  if (!profiles) {
    tell_error(profiles.error().field + " " + profiles.error().message,
               "Correct the file, or take its directory out of profiles.path.");
    return refused;
  }
  if (const auto wrong = check_profile_names(settings, *profiles)) {
    tell_error(wrong->field + " " + wrong->message, "Name a profile that is there.");
    return refused;
  }
  auto providers = load_providers(settings);
  if (!providers) {
    tell_error(providers.error().field + " " + providers.error().message,
               "Correct the file, or take its directory out of providers.path.");
    return refused;
  }
  const auto served =
      serve({*std::move(configuration), *std::move(profiles), *std::move(providers)});
  if (served) return fine;
  tell_error(served.error().message, served.error().remedy);
  return answer_is_no;
}

}  // namespace aerie::cli
