#include <algorithm>

#include "actors/player/ice_fragment.hpp"
#include "actors/player/player.hpp"
#include "actors/session/session.hpp"

// Viewers by WHEP: like any other, but that they offer, have no input and can't resume.

namespace aerie {
namespace {

PlayerAnswer unknown_player() {
  return {signaling::Refusal{"not-found", "There is no such player, or it is gone.", ""}};
}

}  // namespace

caf::result<PlayerOpened> Session::open_player(const OpenPlayer& wish) {
  const auto refused = [](signaling::Refusal refusal) {
    return PlayerOpened{{}, {}, std::move(refusal)};
  };
  if (is_final(document_->state)) return refused({"conflict", "The session is over.", ""});
  if (document_->stream.state != StreamState::up)
    return refused({"stream-not-up",
                    "The session's stream is " + std::string{to_string(document_->stream.state)} +
                        "; ask again when it is up.",
                    ""});
  const auto resource = environment_->new_id();
  const auto player =
      spawn<Player>(self(), Player::Place{resource, ice_ufrag_of(wish.offer), {}, 0});
  Join request;
  request.hello.role = ViewerRole::viewer;
  request.is_operator = wish.is_operator;
  request.may_host = false;
  request.peer = player;
  request.resource = resource;
  const auto joined = join(request);
  if (joined.refusal) {
    send(player, Hang{signaling::close_policy, joined.refusal->code});
    return refused(*joined.refusal);
  }
  viewers_.at(joined.viewer).player = player;
  send(stream_, ViewerOffers{joined.viewer, wish.offer});
  return delegate(player, AwaitAnswer{joined.viewer});
}

PlayerActor Session::find_player(const std::string& resource) const {
  const auto found = std::find_if(viewers_.begin(), viewers_.end(), [&](const auto& entry) {
    return !resource.empty() && entry.second.resource == resource;
  });
  return found == viewers_.end() ? PlayerActor{} : found->second.player;
}

caf::result<PlayerAnswer> Session::add_candidates(const PlayerCandidates& message) {
  const auto player = find_player(message.resource);
  if (!player) return unknown_player();
  return delegate(player, message);
}

caf::result<PlayerAnswer> Session::close_player(const ClosePlayer& message) {
  const auto player = find_player(message.resource);
  if (!player) return unknown_player();
  return delegate(player, message);
}

/// Under the next controller a player's pictures go on, and so does its resource.
void Session::go_on_with_player(Viewer& viewer) {
  viewer.player = spawn<Player>(
      self(), Player::Place{viewer.resource, {}, viewer.info.id, viewer.recalled_epoch});
  viewer.peer = viewer.player;
}

}  // namespace aerie
