#pragma once

#include <functional>
#include <string>

#include "guest/login/oidc/http.hpp"

namespace aerie::oidc {

/// What to sign in to, and how.
struct Wish {
  std::string issuer;
  std::string client_id = "aerie-oidc";
  std::string scope = "openid";
  int port = 0;            ///< of the callback; 0: any
  bool by_device = false;  ///< the device flow instead of the code flow
};

/// Tells the person in front of it.
struct Prompts {
  /// The page to open; with the device flow also the code that it asks for.
  std::function<void(const std::string& url, const std::string& code)> open;
  std::function<void()> came_back;
};

/// Signs in by the authorization code flow with PKCE and a loopback redirect (RFC 6749, 7636,
/// 8252), or by the device flow (RFC 8628), and returns the token endpoint's answer. What it knows
/// of the provider is from its discovery document. The ID token comes over the connection to the
/// token endpoint, so its issuer, audience and nonce are checked and not its signature (OpenID
/// Connect Core, 3.1.3.7, 6). Blocks. Errors: `network-failed`, `port-in-use`, `deadline`,
/// `requested` (the provider or its user refused), each with the provider's words.
[[nodiscard]] Result<Json> sign_in(const Wish& wish, const Prompts& prompts);

/// base64url of the SHA-256 (RFC 7636, 4.2).
[[nodiscard]] std::string challenge_of(const std::string& verifier);

/// The claims of an ID token; null where it is none.
[[nodiscard]] Json claims_of(const std::string& id_token);

}  // namespace aerie::oidc
