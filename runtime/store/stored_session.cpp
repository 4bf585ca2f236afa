#include "runtime/store/stored_session.hpp"

#include <stdexcept>

namespace aerie {
namespace {

/// The enumerator called `name`, among those up to `last`.
template <class Enum>
Enum named(const std::string& name, Enum last) {
  for (int i = 0; i <= static_cast<int>(last); ++i)
    if (to_string(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
  throw std::invalid_argument("unknown name " + name);
}

Instant instant(const Json& json) {
  const auto at = from_rfc3339(json.get_ref<const std::string&>());
  if (!at) throw std::invalid_argument("malformed instant " + json.dump());
  return *at;
}

std::optional<Cause> optional_cause(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional(json.get<Cause>());
}

void restore_stages(const Json& json, SessionDocument& document) {
  if (!json.at("stage").is_null())
    document.stage = named(json["stage"].get<std::string>(), Stage::first_frame);
  for (const auto& each : json.at("stages"))
    document.stages.emplace_back(named(each.at("name").get<std::string>(), Stage::first_frame),
                                 Duration{each.at("atMs").get<Duration::rep>()});
}

void restore_stream(const Json& json, StreamStatus& stream) {
  stream.state = named(json.at("state").get<std::string>(), StreamState::given_up);
  json.at("epoch").get_to(stream.epoch);
  json.at("restarts").get_to(stream.restarts);
  stream.last_cause = optional_cause(json.at("lastCause"));
}

void restore_people(const Json& json, SessionDocument& document) {
  for (const auto& viewer : json.at("viewers"))
    document.viewers.push_back({viewer.at("id").get<std::string>(),
                                named(viewer.at("role").get<std::string>(), ViewerRole::viewer),
                                viewer.at("control").get<bool>(), instant(viewer.at("since"))});
  for (const auto& hold : json.at("holds"))
    document.holds.push_back(
        {hold.at("name").get<std::string>(), hold.at("reason").get<std::string>()});
}

SessionDocument restore(const Json& json) {
  SessionDocument document;
  json.at("id").get_to(document.id);
  json.at("userId").get_to(document.user_id);
  json.at("provider").get_to(document.provider);
  json.at("profile").get_to(document.profile);
  json.at("driver").get_to(document.driver);
  json.at("labels").get_to(document.labels);
  document.state = named(json.at("state").get<std::string>(), SessionState::failed);
  restore_stages(json, document);
  json.at("vm").at("id").get_to(document.vm_id);
  json.at("vm").at("address").get_to(document.vm_address);
  document.vm_state = named(json.at("vm").at("state").get<std::string>(), VmState::failed);
  document.is_vm_paused = json.at("vm").value("paused", false);
  restore_stream(json.at("stream"), document.stream);
  restore_people(json, document);
  document.created_at = instant(json.at("createdAt"));
  document.idle = Duration{json.at("idleMs").get<Duration::rep>()};
  document.max = Duration{json.at("maxMs").get<Duration::rep>()};
  if (json.contains("end")) {
    const auto& end = json["end"];
    document.end = SessionEnd{end.at("by").get<std::string>(), end.at("reason").get<std::string>(),
                              instant(end.at("at"))};
  }
  document.cause = optional_cause(json.at("cause"));
  document.credential_key = json.value("credentialKey", "");
  if (json.contains("login")) document.login = json["login"].get<LoginStatus>();
  return document;
}

}  // namespace

Json stored_session(const SessionDocument& document) {
  Json json(document);
  json["cause"] = document.cause ? Json(*document.cause) : Json(nullptr);
  if (!document.credential_key.empty()) json["credentialKey"] = document.credential_key;
  return json;
}

Result<SessionDocument> restored_session(const std::string& id, const std::string& text) {
  try {
    return restore(Json::parse(text));
  } catch (const std::exception& error) {
    return tl::unexpected(
        Cause{CauseKind::store_failed,
              "The stored session " + id + " can't be read: " + error.what() + ".",
              "Move aerie.db out of the state directory and start again.",
              {}});
  }
}

}  // namespace aerie
