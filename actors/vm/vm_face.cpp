#include <algorithm>

#include "actors/vm/vm.hpp"

namespace aerie {
namespace {

ActorPart& part_called(std::vector<ActorPart>& parts, const std::string& name) {
  const auto found = std::find_if(parts.begin(), parts.end(),
                                  [&](const ActorPart& each) { return each.name == name; });
  if (found != parts.end()) return *found;
  parts.push_back({name, "", 0, 0, {}, ""});
  return parts.back();
}

}  // namespace

void Vm::note_child(const link::ChildNews& news) {
  using enum link::ChildNewsKind;
  auto& part = part_called(parts_, news.child);
  part.since = environment_->wall();
  part.restarts = std::max(part.restarts, news.restarts);
  switch (news.kind) {
    case started:
      part.state = "starting";
      part.pid = news.pid;
      break;
    case ready:
      part.state = "ready";
      part.reason.clear();
      break;
    case exited:
      part.state = "exited";
      part.pid = 0;
      part.reason = news.exit->message;
      part.last_cause =
          Cause{news.exit->kind, news.exit->message, news.exit->remedy.value_or(""), {}};
      break;
    case restarting:
      part.state = "restarting";
      part.reason = news.detail.empty() ? part.reason : news.detail;
      break;
    case given_up:
      part.state = "given-up";
      if (news.cause) part.reason = news.cause->message;
      break;
  }
}

void Vm::show_face() {
  const std::pair shown{document_->state, document_->is_paused};
  if (std::exchange(shown_state_, shown) != shown) state_since_ = environment_->wall();
  if (has_exited_) parts_.clear();
  ActorFace face;
  face.state = document_->is_paused ? "paused" : to_string(document_->state);
  face.since = state_since_;
  face.pid = document_->pid.value_or(0);
  if (document_->cause) face.reason = document_->cause->message;
  face.parts = parts_;
  show(std::move(face));
}

Json Vm::describe() const {
  Json resources = Json::array();
  for (const auto& resource : resources_)
    resources.push_back({{"kind", resource->kind}, {"name", resource->name}});
  Json stages = Json::array();
  for (const auto stage : stages_)
    stages.push_back(to_string(stage));
  Json json = *document_;
  json["stages"] = std::move(stages);
  json["resources"] = std::move(resources);
  json["linked"] = is_linked_ && !is_link_lost_;
  json["adopted"] = is_adopted_;
  json["cause"] = document_->cause ? Json(*document_->cause) : Json(nullptr);
  json["stoppedBy"] = stopped_by_ ? Json(*stopped_by_) : Json(nullptr);
  json["dismantling"] = static_cast<bool>(token_);
  return json;
}

}  // namespace aerie
