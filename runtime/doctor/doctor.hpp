#pragma once

#include <string>
#include <vector>

#include "messages/profile.hpp"
#include "runtime/config/settings.hpp"

namespace aerie {

/// One answer of `doctor`. A note (something to know that stops nothing) is `ok` with a remedy.
struct DoctorCheck {
  std::string name;
  bool ok = false;
  std::string message;  ///< one sentence that names the thing
  std::string remedy;   ///< what to do; empty when there is nothing to do
};

void to_json(Json& json, const DoctorCheck& check);

/// Tries everything that a session of this profile and driver needs on this host. Runs programs and
/// waits for them: several seconds at worst, on the caller's thread.
[[nodiscard]] std::vector<DoctorCheck> examine(const Settings& settings, const Profile& profile,
                                               const std::string& driver);

[[nodiscard]] bool all_ok(const std::vector<DoctorCheck>& checks);

}  // namespace aerie
