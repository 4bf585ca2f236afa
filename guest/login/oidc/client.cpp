#include "guest/login/oidc/client.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <sodium.h>
#include <thread>
#include <utility>

#include "guest/login/oidc/callback.hpp"

namespace aerie::oidc {
namespace {

constexpr auto base64url = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
constexpr const char* device_grant = "urn:ietf:params:oauth:grant-type:device_code";

std::string encoded(const unsigned char* bytes, std::size_t size) {
  std::string text(sodium_base64_encoded_len(size, base64url), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes, size, base64url);
  text.pop_back();  // the terminating zero
  return text;
}

std::string random_text() {
  std::array<unsigned char, 32> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  return encoded(bytes.data(), bytes.size());
}

std::string text_at(const Json& json, const char* name) {
  const auto found = json.is_object() ? json.find(name) : json.end();
  return json.is_object() && found != json.end() && found->is_string() ? found->get<std::string>()
                                                                       : std::string{};
}

tl::unexpected<Cause> refused(const std::string& what, const std::string& words) {
  return tl::unexpected(Cause{CauseKind::requested,
                              what + (words.empty() ? "" : ": " + words) + ".",
                              "Sign in again; look at the provider's own log if it persists.",
                              {}});
}

tl::unexpected<Cause> unexpected_answer(const std::string& what, const Answer& answer) {
  auto words = text_at(answer.body, "error_description");
  if (words.empty()) words = text_at(answer.body, "error");
  return refused(what + " (status " + std::to_string(answer.status) + ")", words);
}

Result<Json> discover(const std::string& issuer) {
  const auto base = issuer.ends_with('/') ? issuer.substr(0, issuer.size() - 1) : issuer;
  auto answer = ask(base + "/.well-known/openid-configuration");
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status != 200 || !answer->body.is_object())
    return unexpected_answer("The issuer has no discovery document", *answer);
  if (text_at(answer->body, "issuer") != issuer)
    return refused("The discovery document is another issuer's", text_at(answer->body, "issuer"));
  return answer->body;
}

bool has_audience(const Json& claims, const std::string& client) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return false;
  if (found->is_array()) return std::find(found->begin(), found->end(), client) != found->end();
  return *found == client;
}

Result<Json> checked(const Wish& wish, const Answer& answer, const std::string& nonce) {
  if (answer.status != 200 || text_at(answer.body, "access_token").empty())
    return unexpected_answer("The provider gave no token", answer);
  const auto id_token = text_at(answer.body, "id_token");
  if (id_token.empty()) return answer.body;
  const auto claims = claims_of(id_token);
  if (text_at(claims, "iss") != wish.issuer || !has_audience(claims, wish.client_id) ||
      (!nonce.empty() && text_at(claims, "nonce") != nonce))
    return refused("The ID token is not for this sign-in", "");
  return answer.body;
}

Result<Json> by_code(const Wish& wish, const Json& provider, const Prompts& prompts) {
  const auto callback = Callback::listen(wish.port);
  if (!callback) return tl::unexpected(callback.error());
  const auto verifier = random_text();
  const auto state = random_text();
  const auto nonce = random_text();
  const auto endpoint = text_at(provider, "authorization_endpoint");
  const Form request{{"response_type", "code"},
                     {"client_id", wish.client_id},
                     {"redirect_uri", callback->redirect_uri()},
                     {"scope", wish.scope},
                     {"state", state},
                     {"nonce", nonce},
                     {"code_challenge", challenge_of(verifier)},
                     {"code_challenge_method", "S256"}};
  prompts.open(
      endpoint + (endpoint.find('?') == std::string::npos ? "?" : "&") + encode_form(request), "");
  auto came = callback->wait(state);
  if (!came) return tl::unexpected(came.error());
  prompts.came_back();
  if (came->contains("iss") && came->at("iss") != wish.issuer)  // RFC 9207
    return refused("The answer is another issuer's", came->at("iss"));
  if (!came->contains("code"))
    return refused("The provider refused: " + (*came)["error"], (*came)["error_description"]);
  const auto answer =
      ask(text_at(provider, "token_endpoint"), {{"grant_type", "authorization_code"},
                                                {"client_id", wish.client_id},
                                                {"code", came->at("code")},
                                                {"redirect_uri", callback->redirect_uri()},
                                                {"code_verifier", verifier}});
  if (!answer) return tl::unexpected(answer.error());
  return checked(wish, *answer, nonce);
}

Result<Json> by_device(const Wish& wish, const Json& provider, const Prompts& prompts) {
  using Clock = std::chrono::steady_clock;
  const auto device = ask(text_at(provider, "device_authorization_endpoint"),
                          {{"client_id", wish.client_id}, {"scope", wish.scope}});
  if (!device) return tl::unexpected(device.error());
  const auto code = text_at(device->body, "device_code");
  if (device->status != 200 || code.empty())
    return unexpected_answer("The provider knows no devices", *device);
  auto page = text_at(device->body, "verification_uri_complete");
  if (page.empty()) page = text_at(device->body, "verification_uri");
  prompts.open(page, text_at(device->body, "user_code"));
  const auto end = Clock::now() + std::chrono::seconds{device->body.value("expires_in", 300)};
  std::chrono::seconds interval{std::clamp(device->body.value("interval", 5), 1, 60)};
  while (Clock::now() < end) {
    std::this_thread::sleep_for(interval);  // RFC 8628, section 3.5: the protocol is a poll
    const auto answer =
        ask(text_at(provider, "token_endpoint"),
            {{"grant_type", device_grant}, {"client_id", wish.client_id}, {"device_code", code}});
    if (!answer) return tl::unexpected(answer.error());
    const auto error = text_at(answer->body, "error");
    if (error == "slow_down") interval += std::chrono::seconds{5};
    if (error == "slow_down" || error == "authorization_pending") continue;
    prompts.came_back();
    return checked(wish, *answer, "");
  }
  return tl::unexpected(Cause{
      CauseKind::deadline, "Nobody signed in before the device code ran out.", "Try again.", {}});
}

}  // namespace

Result<Json> sign_in(const Wish& wish, const Prompts& prompts) {
  if (sodium_init() < 0) return refused("libsodium could not be set up", "");
  const auto provider = discover(wish.issuer);
  if (!provider) return tl::unexpected(provider.error());
  return wish.by_device ? by_device(wish, *provider, prompts) : by_code(wish, *provider, prompts);
}

std::string challenge_of(const std::string& verifier) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(verifier.data()),
                     verifier.size());
  return encoded(digest.data(), digest.size());
}

Json claims_of(const std::string& id_token) {
  const auto first = id_token.find('.');
  const auto second = id_token.find('.', first + 1);
  if (first == std::string::npos || second == std::string::npos) return nullptr;
  std::string text(id_token.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(text.data()), text.size(),
                        id_token.data() + first + 1, second - first - 1, nullptr, &size, nullptr,
                        base64url) != 0)
    return nullptr;
  const auto claims = Json::parse(text.substr(0, size), nullptr, false);
  return claims.is_object() ? claims : Json(nullptr);
}

}  // namespace aerie::oidc
