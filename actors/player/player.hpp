#pragma once

#include <optional>
#include <string>

#include "actors/core/actor.hpp"
#include "messages/interfaces.hpp"

namespace aerie {

/// The player actor.
/// Job: one viewer by WHEP (draft-ietf-wish-whep): a peer whose socket is an HTTP resource. It has
/// no input, hears of nothing but pictures, and can't resume.
/// Owns: the answer that its POST waits for; the ICE session that PATCH may add to.
/// Sends: its session the player's candidates, and that the player is gone.
/// Ends: with DELETE, with its WebRTC peer (refused, failed, closed, not connected in time), or
/// with its session.
class Player : public Actor<PlayerActor> {
 public:
  /// What it is from its beginning, or was under the controller before.
  struct Place {
    std::string resource;
    std::string ufrag;   ///< of the offer; empty: not known
    std::string viewer;  ///< empty: `AwaitAnswer` tells
    std::uint64_t epoch = 0;
  };

  Player(caf::actor_config& config, SessionActor session, Place place);

  Behavior make_behavior() override;
  void on_exit() override;

 protected:
  [[nodiscard]] Json describe() const override;

 private:
  void on_message(const Json& message);
  void on_answer(const Json& message);
  PlayerAnswer add_candidates(const PlayerCandidates& message);
  /// The player is gone for good.
  void leave();
  void give_up(const std::string& code, const std::string& message);

  SessionActor session_;
  Place place_;
  std::optional<caf::typed_response_promise<PlayerOpened>> asked_;  ///< until it is answered
};

}  // namespace aerie
