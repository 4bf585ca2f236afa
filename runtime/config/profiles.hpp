#pragma once

#include <map>
#include <memory>
#include <string>

#include "messages/cause.hpp"
#include "messages/field_error.hpp"
#include "messages/profile.hpp"
#include "runtime/config/settings.hpp"

namespace aerie {

/// The profiles of this controller by name. Read once, at the start.
using Profiles = std::map<std::string, std::shared_ptr<const Profile>>;

/// Reads `*.json` of each directory of `profiles.path`, then of the shipped one; of profiles with
/// one name the first found counts. Every file is checked, those that lose too. The error's field
/// is led by the file: `/etc/aerie/profiles/big.json: children[1].ready.withinMs`. Memory and cpus
/// that the settings give replace those of each profile.
[[nodiscard]] Checked<Profiles> load_profiles(const Settings& settings);

/// As above from the given directories, in their order. A directory that can't be read is refused.
[[nodiscard]] Checked<Profiles> load_profiles_from(const std::vector<std::string>& directories);

/// Checks what settings say about profiles: `profile` and `pool` name known ones.
[[nodiscard]] std::optional<FieldError> check_profile_names(const Settings& settings,
                                                            const Profiles& profiles);

}  // namespace aerie
