#include "actors/player/player.hpp"

#include <utility>

#include "messages/text_field.hpp"

namespace aerie {
namespace {

constexpr std::size_t longest_reason = 300;  // a guest's words

}  // namespace

Player::Player(caf::actor_config& config, SessionActor session, Place place)
    : Actor(config, "player"), session_(std::move(session)), place_(std::move(place)) {}

Player::Behavior Player::make_behavior() {
  set_down_handler([this](const caf::down_msg&) {
    give_up("unavailable", "The session's actor ended.");
    quit();
  });
  monitor<caf::message_priority::high>(session_);
  return {
      [this](const Deliver& message) { on_message(message.message); },
      [this](const Hang&) {
        give_up("conflict", "The session is over.");
        quit();
      },
      [this](const AwaitAnswer& message) -> caf::result<PlayerOpened> {
        place_.viewer = message.viewer;
        asked_ = make_response_promise<PlayerOpened>();
        return *asked_;
      },
      [this](const PlayerCandidates& message) { return add_candidates(message); },
      [this](const ClosePlayer&) {
        leave();
        return PlayerAnswer{};
      },
  };
}

void Player::on_exit() {
  if (session_) demonitor(session_.address());
}

/// Of all that viewers are told, a player can use two.
void Player::on_message(const Json& message) {
  const auto type = text_in(message, "type");
  if (type == "answer") return on_answer(message);
  if (type != "peer-lost") return;
  const auto code = text_in(message, "code");
  const auto reason = text_in(message, "reason").substr(0, longest_reason);
  give_up(code.empty() ? "unavailable" : code,
          "There are no pictures: " + (reason.empty() ? "the peer was closed" : reason) + ".");
  leave();
}

void Player::on_answer(const Json& message) {
  if (!asked_) return;
  auto sdp = text_in(message, "sdp");
  if (!sdp.starts_with("v=0")) {
    give_up("unavailable", "The guest's answer is no session description.");
    return leave();
  }
  place_.epoch = message.at("epoch").get<std::uint64_t>();
  std::exchange(asked_, std::nullopt)
      ->deliver(PlayerOpened{place_.resource, std::move(sdp), std::nullopt});
}

PlayerAnswer Player::add_candidates(const PlayerCandidates& message) {
  // webrtcbin ignores new credentials.
  if (!message.ufrag.empty() && !place_.ufrag.empty() && message.ufrag != place_.ufrag)
    return {signaling::Refusal{"no-restart",
                               "ICE is not restarted: close this resource and open another.", ""}};
  for (const auto& candidate : message.candidates)
    send(session_,
         ViewerSays{place_.viewer, signaling::Candidate{place_.epoch, "main", candidate, 0, ""}});
  return {};
}

void Player::leave() {
  send(session_, ViewerGone{place_.viewer, self(), true});
  quit();
}

void Player::give_up(const std::string& code, const std::string& message) {
  if (auto asked = std::exchange(asked_, std::nullopt))
    asked->deliver(PlayerOpened{{}, {}, signaling::Refusal{code, message, ""}});
}

Json Player::describe() const {
  return {{"viewer", place_.viewer}, {"epoch", place_.epoch}, {"answered", !asked_}};
}

}  // namespace aerie
