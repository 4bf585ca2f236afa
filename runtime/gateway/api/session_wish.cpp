#include "runtime/gateway/api/session_wish.hpp"

#include <map>
#include <utility>

#include "runtime/vault/vault_key.hpp"

namespace aerie {

namespace {

tl::unexpected<FieldFault> bad(std::string field, std::string message) {
  return tl::unexpected(FieldFault{"bad-field", std::move(field), std::move(message)});
}

DisplaySize display_of(const Json& json, const Profile& profile) {
  return {json.at("width").get<int>(), json.at("height").get<int>(),
          json.value("fps", profile.display.fps)};
}

}  // namespace

tl::expected<SessionRequest, FieldFault> make_session_request(const Json& body,
                                                              const SessionDefaults& defaults) {
  SessionRequest request;
  request.user_id = body.at("userId").get<std::string>();
  request.provider = body.value("provider", "");
  const bool is_login = defaults.is_provider && defaults.is_provider(request.provider);
  request.profile = body.value("profile", is_login ? defaults.login_profile : defaults.profile);
  request.driver = body.value("driver", defaults.driver);
  request.url = trimmed_url(body.value("url", "about:blank"));
  request.idle = Duration{body.value("idleMs", defaults.idle.count())};
  request.max = Duration{body.value("maxMs", defaults.max.count())};
  request.labels = body.value("labels", std::map<std::string, std::string>{});
  const auto env = body.value("env", std::map<std::string, std::string>{});
  request.env.assign(env.begin(), env.end());
  const auto* profile = defaults.find_profile(request.profile);
  if (profile == nullptr) return bad("profile", "names no profile that is known here");
  if (profile->find(Builtin::login) != nullptr && !is_login)
    return bad("provider", request.provider.empty()
                               ? "is missing: the profile's log-in child needs one"
                               : "names no provider that is known here");
  request.credential_key = body.value("credentialKey", "");
  if (!request.credential_key.empty() && !is_public_key(request.credential_key))
    return bad("credentialKey", "must be an X25519 public key: 32 bytes as base64");
  if (!defaults.is_driver(request.driver))
    return bad("driver", "names no driver that is known here");
  if (const auto display = body.find("display"); display != body.end()) {
    request.display = display_of(*display, *profile);
  }
  return request;
}

}  // namespace aerie
