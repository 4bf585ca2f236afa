#pragma once

#include <compare>
#include <map>
#include <set>
#include <string>

#include "actors/core/actor.hpp"
#include "actors/core/environment.hpp"
#include "actors/reaper/deadline_queue.hpp"
#include "messages/interfaces.hpp"

namespace aerie {

/// The reaper actor.
/// Job: proposes to end sessions when their time has come, and carries consent to where things are
/// deleted. It judges nothing.
/// Owns: the open proposals, every session's deadlines, what is quarantined. Sends: sessions
/// proposals; VMs the owner's token; the node the question whether an orphan may go.
/// Ends: with its supervisor; the next one hears of proposals, deadlines and orphans again from
/// those they concern.
class Reaper : public Actor<ReaperActor> {
 public:
  Reaper(caf::actor_config& config, EnvironmentPtr environment);

  Behavior make_behavior() override;

 protected:
  [[nodiscard]] Json describe() const override;

 private:
  enum class Wait { for_end, for_answer, for_claim };
  /// What a deadline is for: a session's reason, an open proposal, an orphan.
  struct Subject {
    Wait wait = Wait::for_end;
    std::string id;  ///< of the session, the proposal or the VM
    RetireReason reason = RetireReason::idle;

    auto operator<=>(const Subject&) const = default;
  };
  struct Open {
    Proposal proposal;
    SessionActor session;
    std::string note;
    bool is_answered = false;
    bool is_escalated = false;
    bool is_kept_by_viewer = false;
  };
  struct Expected {
    SessionActor actor;
    std::map<RetireReason, Instant> at;
  };
  struct Quarantined {
    Orphan orphan;
    std::string proposal;  ///< empty: not proposed yet
    std::string told;      ///< the last answer that is on record
  };

  // reaper.cpp: proposals
  ProposalMade propose(const ProposeRetirement& wish);
  ProposalMade join(Open& open, const ProposeRetirement& wish);
  void send_proposal(Open& open);
  void wait_for_keep(Open& open, Instant until);
  void on_answer(const RetireAnswered& answered);
  void on_no_answer(const std::string& proposal);
  void record(const std::string& kind, const Proposal& proposal, Json data);

  // reaper_deadlines.cpp: what becomes due
  void expect(const ExpectEnds& expected);
  void wait(const Subject& subject, Duration delay);
  void arm();
  void on_timer(std::uint64_t ticket);
  void on_due(const Subject& subject);

  // reaper_evidence.cpp: orphans, and space on the disk
  void quarantine(const Orphan& orphan);
  void on_unclaimed(const std::string& vm);
  void on_orphan_answer(const std::string& vm, const OrphanAnswer& answer);
  void on_disk(const DiskSpace& disk);

  EnvironmentPtr environment_;
  std::map<std::string, Open> open_;                    ///< by proposal
  std::map<std::string, std::string> by_session_;       ///< the open proposal of each session
  std::map<std::string, Expected> expected_;            ///< by session
  std::map<std::string, Quarantined> quarantined_;      ///< by VM
  DeadlineQueue<Subject> deadlines_;                    ///< on the monotonic clock
  std::set<std::pair<Instant, std::string>> evidence_;  ///< failed sessions, oldest first
  bool is_disk_short_ = false;
  Duration armed_at_ = Duration::max();
  std::uint64_t ticket_ = 0;
};

}  // namespace aerie
