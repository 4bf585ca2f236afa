#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "actors/core/testing.hpp"
#include "actors/supervisor/actor_host.hpp"
#include "actors/supervisor/otp_model.test.hpp"
#include "actors/supervisor/supervisor.hpp"

namespace aerie::otp {

/// A tree of the real supervisor actors in virtual time. Supervisors below others are children of
/// an `ActorHost`; leaves live the lives that a history gives them.
class Stage {
 public:
  Stage(testing::TestSystem& system, const History& history);
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage();

  struct LeafEvent {
    std::string supervisor;
    std::size_t member = 0;
    std::uint64_t run = 0;
    std::optional<CauseKind> end;  ///< none: it is ready
  };

  void start();
  void stop();
  /// Asks the supervisor with this name for something about a member.
  void restart(const std::string& supervisor, std::size_t member);
  void kill(const std::string& supervisor, std::size_t member);

  [[nodiscard]] int now() const { return now_; }
  /// Lets time pass, with the timers of the supervisors.
  void advance_to(int time);

  /// The next thing a leaf does, and its time; what is of a leaf that is gone never happens.
  [[nodiscard]] std::optional<int> next_leaf_event();
  LeafEvent take_leaf_event();
  void deliver(const LeafEvent& event);

  [[nodiscard]] const Books& books() const { return books_; }
  [[nodiscard]] std::size_t running_leaves() const { return leaves_.size(); }

 private:
  class Host;
  class Listener;
  struct Leaf {
    Life life;
    std::uint64_t run = 0;
    int began = 0;
    int grace = 0;
    bool is_asked = false;
  };
  using LeafId = std::pair<std::string, std::size_t>;

  SupervisorActor spawn(const TreePlan& plan, const std::string& name);
  void start_leaf(const std::string& supervisor, std::size_t member, const MemberPlan& plan,
                  std::uint64_t run);
  void stop_leaf(const std::string& supervisor, std::size_t member);
  void end_leaf(const std::string& supervisor, std::size_t member, CauseKind kind);
  void drop_leaves(const std::string& supervisor);
  void say(const std::string& supervisor, const std::string& line);

  testing::TestSystem& system_;
  const History& history_;
  int now_ = 0;
  Books books_;
  std::map<std::string, SupervisorActor> supervisors_;
  std::map<LeafId, Leaf> leaves_;
  std::map<LeafId, std::size_t> lives_used_;
  std::multimap<int, LeafEvent> agenda_;
};

}  // namespace aerie::otp
