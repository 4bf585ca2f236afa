#pragma once

#include <map>
#include <string>

#include "actors/core/actor.hpp"
#include "actors/core/environment.hpp"
#include "messages/interfaces.hpp"

namespace aerie {

/// The reaper actor.
/// Job: proposes to end sessions and carries consent to where things are deleted. It judges
/// nothing. Owns: the open proposals. Sends: sessions proposals; VMs the owner's token. Ends: with
/// its supervisor; open proposals are then made again by whoever wanted them.
class Reaper : public Actor<ReaperActor> {
 public:
  Reaper(caf::actor_config& config, EnvironmentPtr environment);

  Behavior make_behavior() override;

 private:
  struct Open {
    Proposal proposal;
    SessionActor session;
    std::uint64_t round = 0;
    bool is_answered = false;
    bool is_escalated = false;
  };

  ProposalMade propose(const ProposeRetirement& wish);
  void send_proposal(Open& open);
  void wait_for_keep(Open& open, Instant until);
  void on_answer(const RetireAnswered& answered);
  void on_deadline(const ProposalDeadline& deadline);
  void record(const std::string& kind, const Proposal& proposal, Json data);

  EnvironmentPtr environment_;
  std::map<std::string, Open> open_;               ///< by proposal
  std::map<std::string, std::string> by_session_;  ///< the open proposal of each session
};

}  // namespace aerie
