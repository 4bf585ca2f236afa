#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "messages/cause.hpp"
#include "messages/time.hpp"

namespace aerie {

/// Where a log-in stands (contract, section 12).
enum class LoginState {
  starting,        ///< the tool is being started, or has not shown an address yet
  awaiting_user,   ///< the page is open; a person has to sign in
  authenticating,  ///< the callback came, or the first of the tool's files
  completed,
  failed,
  timed_out,
  cancelled,
};

/// The names outside, with hyphens: `awaiting-user`.
[[nodiscard]] std::string_view to_string(LoginState state);
[[nodiscard]] std::optional<LoginState> login_state(std::string_view name);

/// Nothing follows these but another attempt.
[[nodiscard]] constexpr bool is_final(LoginState state) {
  return state >= LoginState::completed;
}

/// One attempt to log in. No secret is in it: the credential itself is the vault's.
struct LoginStatus {
  LoginState state = LoginState::starting;
  std::string provider;       ///< its own name, not an alias
  std::uint64_t attempt = 1;  ///< counts within the session
  std::string url;            ///< the page to sign in at, while there is one to sign in at
  Instant started_at{};
  Instant until{};  ///< it is timed out by then
  std::optional<Cause> cause;
  std::optional<Instant> captured_at;       ///< the credential is in the vault
  std::optional<Instant> handed_over_at;    ///< its owner fetched it
  std::optional<Instant> keeps_until = {};  ///< the session refuses to be retired until then
};

/// As in the session document: `{state, provider, url?, startedAt, cause?, …}`.
void to_json(Json& json, const LoginStatus& login);
/// The other direction; throws what nlohmann/json throws, or `std::invalid_argument`.
void from_json(const Json& json, LoginStatus& login);

/// As in the event `login.state`, which is kept for long: without the address, which may hold a
/// value of the session's environment.
[[nodiscard]] Json event_data(const LoginStatus& login);

}  // namespace aerie
