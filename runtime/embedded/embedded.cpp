#include "aerie/embedded.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "runtime/config/configuration.hpp"
#include "runtime/config/profiles.hpp"
#include "runtime/config/providers.hpp"
#include "runtime/controller/controller.hpp"
#include "runtime/drivers/guest_network_options.hpp"

namespace aerie {
namespace {

namespace fs = std::filesystem;

EmbeddedError of(const Cause& cause) {
  return {std::string{to_string(cause.kind)}, cause.message, cause.remedy};
}

EmbeddedError of(const FieldError& error) {
  return {"configuration", error.field + " " + error.message, "Correct that value."};
}

/// A directory that goes with its owner.
class OwnedDirectory {
 public:
  OwnedDirectory() = default;
  OwnedDirectory(const OwnedDirectory&) = delete;
  OwnedDirectory& operator=(const OwnedDirectory&) = delete;
  ~OwnedDirectory() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  [[nodiscard]] bool make() {
    std::string path = (fs::temp_directory_path() / "aerie-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) return false;
    path_ = std::move(path);
    return true;
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

class Embedded::Parts {
 public:
  OwnedDirectory temporary;  // outlives the controller below
  std::string state;
  std::string address;
  std::string token;
  Duration shutdown_within{0};
  std::unique_ptr<Controller> controller;
};

Embedded::Embedded(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Embedded::~Embedded() {
  parts_->controller->stop(true, parts_->shutdown_within);
}

EmbeddedStart Embedded::start(const EmbeddedOptions& options) {
  auto parts = std::make_unique<Parts>();
  parts->state = options.state;
  if (parts->state.empty()) {
    if (!parts->temporary.make())
      return {nullptr, {"store-failed", "No temporary directory could be made.", "Set TMPDIR."}};
    parts->state = parts->temporary.path();
  }
  ConfigSources sources;
  for (const auto& [key, value] : options.set)
    sources.sets.push_back(key + "=" + value);
  auto configuration = load_configuration(sources);
  if (!configuration) return {nullptr, of(configuration.error())};
  auto& settings = configuration->settings;
  settings.state = parts->state;
  settings.listen = options.listen;
  settings.programs = options.programs;
  if (const auto error =
          check_listen(settings, [&] { return guests_get_networks(settings).has_value(); }))
    return {nullptr, of(*error)};
  auto profiles = load_profiles(settings);
  if (!profiles) return {nullptr, of(profiles.error())};
  if (const auto error = check_profile_names(settings, *profiles)) return {nullptr, of(*error)};
  parts->shutdown_within = settings.shutdown_within;
  auto providers = load_providers(settings);
  if (!providers) return {nullptr, of(providers.error())};
  auto controller =
      Controller::start(std::move(*configuration), std::move(*profiles), std::move(*providers));
  if (!controller) return {nullptr, of(controller.error())};
  parts->controller = std::move(*controller);
  parts->address = parts->controller->address();
  std::ifstream{parts->state + "/operator.token"} >> parts->token;
  return {std::unique_ptr<Embedded>{new Embedded(std::move(parts))}, {}};
}

const std::string& Embedded::address() const {
  return parts_->address;
}
const std::string& Embedded::state() const {
  return parts_->state;
}
const std::string& Embedded::operator_token() const {
  return parts_->token;
}

}  // namespace aerie
