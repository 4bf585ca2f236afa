#include "runtime/config/profiles.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "messages/object_reader.hpp"
#include "runtime/config/shipped_files.hpp"

namespace aerie {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_file = 256 * 1024;

FieldError in_file(const fs::path& file, const FieldError& error) {
  return {file.string() + (error.field.empty() ? "" : ": " + error.field), error.message};
}

Checked<Profile> read_profile_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::stringstream text;
  if (!stream || !(text << stream.rdbuf()))
    return tl::unexpected(FieldError{file.string(), "can't be read"});
  const auto profile = parse_document(text.str(), max_file).and_then(check_profile);
  if (!profile) return tl::unexpected(in_file(file, profile.error()));
  if (profile->name != file.stem().string())
    return tl::unexpected(
        in_file(file, {"name", "must be the file's own name, \"" + file.stem().string() +
                                   "\", not \"" + profile->name + "\""}));
  return *profile;
}

/// The directory's profile files in the order of their names.
Checked<std::vector<fs::path>> profile_files(const std::string& directory) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator each(directory, error), end; !error && each != end;
       each.increment(error))
    if (each->path().extension() == ".json") files.push_back(each->path());
  if (error)
    return tl::unexpected(FieldError{
        "profiles.path", "names " + directory + ", which can't be read: " + error.message()});
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Checked<Profiles> load_profiles_from(const std::vector<std::string>& directories) {
  Profiles profiles;
  for (const auto& directory : directories) {
    const auto files = profile_files(directory);
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

Checked<Profiles> load_profiles(const Settings& settings) {
  std::vector<std::string> directories;
  std::istringstream path(settings.profiles_path);
  for (std::string directory; std::getline(path, directory, ':');)
    if (!directory.empty()) directories.push_back(directory);
  directories.push_back(shipped_folder("profiles"));
  auto profiles = load_profiles_from(directories);
  if (!profiles || (settings.guests.memory_mib == 0 && settings.guests.cpus == 0)) return profiles;
  for (auto& [name, profile] : *profiles) {
    auto changed = *profile;
    if (settings.guests.memory_mib != 0) changed.resources.memory_mib = settings.guests.memory_mib;
    if (settings.guests.cpus != 0) changed.resources.cpus = settings.guests.cpus;
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
