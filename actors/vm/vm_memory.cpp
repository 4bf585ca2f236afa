#include "actors/vm/vm_memory.hpp"

#include "actors/core/recall.hpp"

namespace aerie {
namespace {

VmMemory restore(const std::string& id, const Json& json) {
  VmMemory memory;
  auto& [spec, shared, stages, ready, stopped_by, has_started, has_exited, resources, exits] =
      memory;
  auto& document = shared.edit();
  auto profile = parse_profile(json.at("profile"));
  if (!profile) throw std::invalid_argument(profile.error().message);
  spec.vm = id;
  json.at("slot").get_to(spec.slot);
  json.at("address").get_to(spec.address);
  spec.configure.vm = id;
  spec.configure.profile = std::move(*profile);
  json.at("session").get_to(spec.configure.session);
  document.id = id;
  document.session = spec.configure.session;
  document.profile = spec.configure.profile->name;
  json.at("driver").get_to(document.driver);
  document.address = spec.address;
  document.state = recall::named(json.at("state"), VmState::failed);
  document.created_at = recall::instant(json.at("createdAt"));
  json.at("children").get_to(document.children);
  document.cause = recall::cause(json.at("cause"));
  document.is_paused = json.value("paused", false);  // not in what older versions wrote
  for (const auto& stage : json.at("stages"))
    stages.push_back(recall::named(stage, Stage::first_frame));
  json.at("ready").get_to(ready);
  if (!json.at("stoppedBy").is_null()) stopped_by = json["stoppedBy"].get<std::string>();
  json.at("hasStarted").get_to(has_started);
  json.at("hasExited").get_to(has_exited);
  return memory;
}

}  // namespace

std::string exit_key(const std::string& at, std::int64_t restarts) {
  return at + " " + std::to_string(restarts);
}

Json stored_vm(const VmMemory& memory) {
  const auto& document = *memory.document;
  Json stages = Json::array();
  for (const auto stage : memory.stages)
    stages.push_back(to_string(stage));
  return {{"kind", "vm"},
          {"slot", memory.spec.slot},
          {"address", memory.spec.address},
          {"profile", *memory.spec.configure.profile},
          {"session", document.session},
          {"driver", document.driver},
          {"state", to_string(document.state)},
          {"createdAt", to_rfc3339(document.created_at)},
          {"children", document.children},
          {"cause", document.cause ? Json(*document.cause) : Json(nullptr)},
          {"stages", std::move(stages)},
          {"ready", memory.ready},
          {"stoppedBy", memory.stopped_by ? Json(*memory.stopped_by) : Json(nullptr)},
          {"paused", document.is_paused},
          {"hasStarted", memory.has_started},
          {"hasExited", memory.has_exited}};
}

Result<VmMemory> restored_vm(const std::string& id, const Json& json) {
  try {
    return restore(id, json);
  } catch (const std::exception& error) {
    return tl::unexpected(
        Cause{CauseKind::store_failed,
              "What is stored of the VM " + id + " can't be read: " + error.what() + ".",
              "Its guest ends by itself after guests.orphanMs.",
              {}});
  }
}

}  // namespace aerie
