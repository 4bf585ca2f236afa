#include "actors/session/session.hpp"

namespace aerie {

void Session::show_face() {
  if (shown_state_ != document_->state) {
    shown_state_ = document_->state;
    state_since_ = environment_->wall();
  }
  ActorFace face;
  face.state = to_string(document_->state);
  face.since = state_since_;
  if (document_->cause)
    face.reason = document_->cause->message;
  else if (!troubles_.empty())
    face.reason = troubles_.begin()->second.message;
  show(std::move(face));
}

Json Session::describe() const {
  Json json = *document_;
  Json troubles = Json::object();
  for (const auto& [child, cause] : troubles_)
    troubles[child] = cause;
  json["cause"] = document_->cause ? Json(*document_->cause) : Json(nullptr);
  json["troubles"] = std::move(troubles);
  json["control"] = controller_.empty() ? Json(nullptr) : Json(controller_);
  json["controlRequests"] = control_requests_;
  json["formerVms"] = former_vms_;
  json["livingEpochs"] = living_epochs_;
  const auto proposal = [](const Proposal& each) {
    return Json{{"proposal", each.id},
                {"reason", to_string(each.reason)},
                {"by", each.by},
                {"forced", each.forced}};
  };
  json["retirement"] =
      granted_    ? Json{{"granted", proposal(*granted_)}}
      : held_     ? Json{{"held", proposal(*held_)}}
      : kept_     ? Json{{"kept", proposal(kept_->proposal)}, {"until", to_rfc3339(kept_->until)}}
      : proposal_ ? Json{{"asked", proposal(proposal_->proposal)},
                         {"until", to_rfc3339(proposal_->until)},
                         {"undecided", proposal_->undecided}}
                  : Json(nullptr);
  return json;
}

}  // namespace aerie
