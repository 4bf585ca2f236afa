#include "messages/login.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace aerie {
namespace {

constexpr std::array<std::string_view, 7> names{
    "starting", "awaiting-user", "authenticating", "completed", "failed", "timed-out", "cancelled"};

std::optional<Instant> instant_at(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end()) return std::nullopt;
  const auto at = from_rfc3339(found->get_ref<const std::string&>());
  if (!at) throw std::invalid_argument("malformed instant " + found->dump());
  return at;
}

}  // namespace

std::string_view to_string(LoginState state) {
  return names.at(static_cast<std::size_t>(state));
}

std::optional<LoginState> login_state(std::string_view name) {
  const auto* found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<LoginState>(found - names.begin());
}

void to_json(Json& json, const LoginStatus& login) {
  json = event_data(login);
  if (!login.url.empty()) json["url"] = login.url;
}

void from_json(const Json& json, LoginStatus& login) {
  const auto state = login_state(json.at("state").get<std::string>());
  if (!state) throw std::invalid_argument("unknown state of a log-in " + json.at("state").dump());
  login.state = *state;
  json.at("provider").get_to(login.provider);
  json.at("attempt").get_to(login.attempt);
  login.url = json.value("url", "");
  login.started_at = instant_at(json, "startedAt").value_or(Instant{});
  login.until = instant_at(json, "until").value_or(Instant{});
  if (json.contains("cause")) login.cause = json["cause"].get<Cause>();
  login.captured_at = instant_at(json, "capturedAt");
  login.handed_over_at = instant_at(json, "handedOverAt");
  login.keeps_until = instant_at(json, "keepsUntil");
}

Json event_data(const LoginStatus& login) {
  Json json{{"state", to_string(login.state)},
            {"provider", login.provider},
            {"attempt", login.attempt},
            {"startedAt", to_rfc3339(login.started_at)},
            {"until", to_rfc3339(login.until)}};
  if (login.cause) json["cause"] = *login.cause;
  if (login.captured_at) json["capturedAt"] = to_rfc3339(*login.captured_at);
  if (login.handed_over_at) json["handedOverAt"] = to_rfc3339(*login.handed_over_at);
  if (login.keeps_until) json["keepsUntil"] = to_rfc3339(*login.keeps_until);
  return json;
}

}  // namespace aerie
