#include "runtime/config/profiles.hpp"

#include <algorithm>
#include <filesystem>

#include "runtime/config/document_files.hpp"

namespace aerie {
namespace {

namespace fs = std::filesystem;

Checked<Profile> read_profile_file(const fs::path& file) {
  const auto profile = read_document_file(file).and_then(
      [&](const Json& json) { return check_profile(json).map_error(in_file(file)); });
  if (!profile) return tl::unexpected(profile.error());
  if (profile->name != file.stem().string())
    return tl::unexpected(
        in_file(file)({"name", "must be the file's own name, \"" + file.stem().string() +
                                   "\", not \"" + profile->name + "\""}));
  return *profile;
}

}  // namespace

Checked<Profiles> load_profiles_from(const std::vector<std::string>& directories) {
  Profiles profiles;
  for (const auto& directory : directories) {
    const auto files = document_files(directory, "profiles.path");
    if (!files) return tl::unexpected(files.error());
    for (const auto& file : *files) {
      auto profile = read_profile_file(file);
      if (!profile) return tl::unexpected(profile.error());
      auto name = profile->name;
      profiles.try_emplace(std::move(name), std::make_shared<const Profile>(*std::move(profile)));
    }
  }
  return profiles;
}

namespace {

/// What the streamer reads; a profile that says it itself is left alone.
void offer_codecs(Profile& profile, const std::vector<std::string>& codecs) {
  std::string list;
  for (const auto& codec : codecs)
    list.append(list.empty() ? "" : ",").append(codec);
  for (auto& child : profile.children)
    if (child.builtin == Builtin::stream) child.env.try_emplace("AERIE_CODECS", list);
}

}  // namespace

Checked<Profiles> load_profiles(const Settings& settings) {
  const auto directories = search_path(settings.profiles_path, "profiles");
  auto profiles = load_profiles_from(directories);
  const bool has_codecs = settings.media.codecs != MediaSettings{}.codecs;
  if (!profiles || (settings.guests.memory_mib == 0 && settings.guests.cpus == 0 && !has_codecs))
    return profiles;
  for (auto& [name, profile] : *profiles) {
    auto changed = *profile;
    if (settings.guests.memory_mib != 0) changed.resources.memory_mib = settings.guests.memory_mib;
    if (settings.guests.cpus != 0) changed.resources.cpus = settings.guests.cpus;
    if (has_codecs) offer_codecs(changed, settings.media.codecs);
    profile = std::make_shared<const Profile>(std::move(changed));
  }
  return profiles;
}

std::optional<FieldError> check_profile_names(const Settings& settings, const Profiles& profiles) {
  std::vector<std::string> names;
  for (const auto& [name, profile] : profiles)
    names.push_back(name);
  if (!profiles.contains(settings.profile))
    return FieldError{
        "profile", "\"" + settings.profile + "\" " + unknown_name_message(settings.profile, names)};
  for (const auto& [name, sizes] : settings.pool) {
    if (!profiles.contains(name))
      return FieldError{"pool." + name, unknown_name_message(name, names)};
    for (const auto& [driver, size] : sizes)
      if (driver != "process" && driver != "qemu" && driver != "firecracker")
        return FieldError{"pool." + name + "." + driver,
                          unknown_name_message(driver, {"process", "qemu", "firecracker"})};
  }
  return {};
}

}  // namespace aerie
