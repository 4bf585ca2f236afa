#include <algorithm>
#include <utility>

#include "actors/core/recall.hpp"
#include "actors/stream/stream.hpp"

// What it leaves to the next controller, and shows to operators.

namespace aerie {

Json Stream::peers_json() const {
  Json peers = Json::array();
  for (const auto& [epoch, peer] : peers_)
    peers.push_back({{"epoch", epoch},
                     {"viewer", peer.viewer},
                     {"media", peer.media},
                     {"offered", peer.is_offered},
                     {"answered", peer.is_answered},
                     {"offeredAt", to_rfc3339(peer.offered_at)},
                     {"player", peer.is_players},
                     {"encoder", peer.encoder},
                     {"encoderReason", peer.encoder_reason},
                     {"beside", peer.beside},
                     {"replaced", peer.is_replaced}});
  return peers;
}

void Stream::remember() {
  if (subject_.empty()) return;
  send(environment_->directory.ledger(),
       Remember{subject_,
                aerie::recall::text(
                    {{"state", to_string(status_.state)},
                     {"epoch", status_.epoch},
                     {"restarts", status_.restarts},
                     {"lastCause", status_.last_cause ? Json(*status_.last_cause) : Json(nullptr)},
                     {"peers", peers_json()},
                     {"watchers", watchers_},
                     {"controller", controller_}})});
}

void Stream::recall(const Json& memory) {
  status_.state = aerie::recall::named(memory.at("state"), StreamState::given_up);
  status_.epoch = std::max(status_.epoch, memory.at("epoch").get<std::uint64_t>());
  memory.at("restarts").get_to(status_.restarts);
  status_.last_cause = aerie::recall::cause(memory.at("lastCause"));
  for (const auto& each : memory.at("peers")) {
    auto& peer = peers_[each.at("epoch").get<std::uint64_t>()];
    peer = {each.at("viewer").get<std::string>(),
            each.at("media").get<std::string>(),
            each.at("offered").get<bool>(),
            each.at("answered").get<bool>(),
            aerie::recall::instant(each.at("offeredAt")),
            each.value("player", false),
            each.value("encoder", ""),
            each.value("encoderReason", "")};
    peer.beside = each.value("beside", std::uint64_t{0});
    peer.is_replaced = each.value("replaced", false);
  }
  memory.at("watchers").get_to(watchers_);
  memory.at("controller").get_to(controller_);
  is_recalled_ = true;
}

Json Stream::describe() const {
  Json figures = Json::object();
  for (const auto& [name, value] : figures_)
    figures[name] = value;
  return {{"state", to_string(status_.state)},
          {"epoch", status_.epoch},
          {"restarts", status_.restarts},
          {"lastCause", status_.last_cause ? Json(*status_.last_cause) : Json(nullptr)},
          {"peers", peers_json()},
          {"watchers", watchers_},
          {"figures", std::move(figures)},
          {"control", controller_.empty() ? Json(nullptr) : Json(controller_)}};
}

}  // namespace aerie
