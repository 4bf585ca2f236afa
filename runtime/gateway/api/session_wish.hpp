#pragma once

#include <functional>
#include <string>

#include "messages/profile.hpp"
#include "messages/session.hpp"
#include "runtime/gateway/api/fields.hpp"

namespace aerie {

/// What a session is made of where its request does not say, and what it may name.
struct SessionDefaults {
  std::string profile = "browser";
  std::string driver = "process";
  Duration idle{600'000};
  Duration max{28'800'000};
  std::function<const Profile*(const std::string&)> find_profile;
  std::function<bool(const std::string&)> is_driver;
  std::function<bool(const std::string&)> is_provider;
  /// Of a session whose provider is known and that names no profile.
  std::string login_profile = "login";
};

/// Makes a request out of a body that `check_body` has passed: fills in what is absent, and refuses
/// profiles, drivers and keys that are no use, and, where the profile has a log-in, providers. What
/// a profile requires of `env` is checked in the guest.
[[nodiscard]] tl::expected<SessionRequest, FieldFault> make_session_request(
    const Json& body, const SessionDefaults& defaults);

}  // namespace aerie
