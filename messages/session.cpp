#include "messages/session.hpp"

namespace aerie {

void to_json(Json& json, const ViewerInfo& viewer) {
  json = Json{{"id", viewer.id},
              {"role", to_string(viewer.role)},
              {"control", viewer.control},
              {"since", to_rfc3339(viewer.since)}};
  if (viewer.is_player) json["via"] = "whep";
}

void to_json(Json& json, const Hold& hold) {
  json = Json{{"name", hold.name}, {"reason", hold.reason}};
}

void to_json(Json& json, const SessionDocument& document) {
  Json stages = Json::array();
  for (const auto& [stage, at] : document.stages)
    stages.push_back({{"name", to_string(stage)}, {"atMs", at.count()}});
  const auto& cause = document.stream.last_cause;
  json = Json{
      {"id", document.id},
      {"userId", document.user_id},
      {"provider", document.provider},
      {"profile", document.profile},
      {"driver", document.driver},
      {"labels", document.labels},
      {"state", to_string(document.state)},
      {"stage", document.stage ? Json(to_string(*document.stage)) : Json(nullptr)},
      {"stages", std::move(stages)},
      {"vm",
       {{"id", document.vm_id},
        {"address", document.vm_address},
        {"state", to_string(document.vm_state)}}},
      {"stream",
       {{"state", to_string(document.stream.state)},
        {"epoch", document.stream.epoch},
        {"restarts", document.stream.restarts},
        {"lastCause", cause ? Json(*cause) : Json(nullptr)}}},
      {"viewers", document.viewers},
      {"holds", document.holds},
      {"createdAt", to_rfc3339(document.created_at)},
      {"idleMs", document.idle.count()},
      {"maxMs", document.max.count()},
  };
  if (document.is_vm_paused) json["vm"]["paused"] = true;
  if (document.login) json["login"] = *document.login;
  if (document.end)
    json["end"] = Json{{"by", document.end->by},
                       {"reason", document.end->reason},
                       {"at", to_rfc3339(document.end->at)}};
}

void to_json(Json& json, const VmDocument& document) {
  Json children = Json::array();
  for (const auto& [name, pid] : document.children) {
    Json child{{"name", name}};
    if (pid > 0) child["pid"] = pid;
    children.push_back(std::move(child));
  }
  json = Json{{"id", document.id},
              {"session", document.session.empty() ? Json(nullptr) : Json(document.session)},
              {"profile", document.profile},
              {"driver", document.driver},
              {"address", document.address},
              {"state", to_string(document.state)},
              {"createdAt", to_rfc3339(document.created_at)},
              {"children", std::move(children)}};
  if (document.pid) json["pid"] = *document.pid;
  if (document.is_paused) json["paused"] = true;
}

}  // namespace aerie
