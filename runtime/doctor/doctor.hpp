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
  /// What of it is in use, of something that there is so much of; `limit` 0: it is no such thing.
  double used = 0;
  double limit = 0;
  /// `host`, `configuration`, `image`, `network`, `disk` or `limits`; set by `examine`.
  std::string area = "host";
};

void to_json(Json& json, const DoctorCheck& check);

/// Tries everything that a session of this profile and driver needs on this host. Runs programs and
/// waits for them: several seconds at worst, on the caller's thread.
[[nodiscard]] std::vector<DoctorCheck> examine(const Settings& settings, const Profile& profile,
                                               const std::string& driver);

[[nodiscard]] bool all_ok(const std::vector<DoctorCheck>& checks);

/// `{ok, at, profile, driver, checks}`: the answer for scripts and pages.
[[nodiscard]] Json examination(const Settings& settings, const Profile& profile,
                               const std::string& driver);

}  // namespace aerie
