#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/supervisor/otp_history.test.hpp"

namespace aerie::otp {

/// What each supervisor says and does, by its name and a line each: `12 start a`,
/// `40 restarting b 75`. Those that follow each other under one name share their lines.
using Books = std::map<std::string, std::vector<std::string>>;

/// The rules of OTP's supervisor (erlang.org, "supervisor"), written down a second time to check
/// the first by: after every event it asks what must be so now, instead of remembering what is to
/// be done next.
///
/// What it has beyond OTP: children are ready some time after their start and must be so by a
/// deadline, restarts wait for a back-off, some faults are not retried, and a start that fails is
/// retried like any other end, also the first one.
class Model {
 public:
  /// Writes into `expected`; reads from `observed` what chance decided, and checks its range.
  Model(const TreePlan& plan, std::string name, Books& expected, const Books& observed);

  void start(int now);
  void ready(std::size_t index, int now);
  void ended(std::size_t index, CauseKind kind, int now);
  void restart(std::size_t index, int now);
  void kill(std::size_t index, int now);
  void stop(int now);

  /// Carries what supervisors below have become to those above them. After every event.
  void propagate(int now);

  /// The next timer of it and what is below it.
  [[nodiscard]] std::optional<int> next_timer() const;
  /// Lets all that is due happen.
  void fire(int now);

  [[nodiscard]] bool is_finished() const { return is_finished_; }
  [[nodiscard]] bool is_asked(std::size_t index) const {
    return members_[index].state == State::stopping;
  }
  /// The supervisor that is a member now; none for a leaf.
  [[nodiscard]] Model* below(std::size_t index) { return members_[index].supervisor.get(); }

 private:
  enum class State { absent, starting, ready, stopping, done };
  struct Timer {
    int at = 0;
    std::uint64_t order = 0;  ///< timers of one instant come in the order of their setting
  };
  struct Member {
    const MemberPlan* plan = nullptr;
    State state = State::absent;
    bool is_condemned = false;  ///< to be down before anything starts
    bool in_batch = true;       ///< starts after those before it
    bool was_ready = false;
    int began = 0;
    std::uint64_t start_order = 0;
    int in_a_row = 0;
    int restarts = 0;
    std::optional<Timer> timer;  ///< absent: its back-off's end; starting: to be ready by
    std::unique_ptr<Model> supervisor;
  };

  [[nodiscard]] static bool is_alive(const Member& member) {
    return member.state == State::starting || member.state == State::ready ||
           member.state == State::stopping;
  }
  bool propagate_one(int now);
  [[nodiscard]] bool is_down() const;
  void settle(int now);
  void take_down(int now);
  void bring_up(int now);
  void start_member(std::size_t index, int now);
  void judge(std::size_t index, CauseKind kind, int now);
  [[nodiscard]] bool is_too_often(int now);
  [[nodiscard]] int backoff(std::size_t index, int now);
  void restart_group(std::size_t index, int delay, int now);
  void end(CauseKind outcome);
  void check_all_ready(int now);
  [[nodiscard]] std::optional<std::size_t> due_member(int now) const;
  [[nodiscard]] Timer timer(int at) { return {at, next_order_++}; }
  void say(int now, const std::string& line);

  const TreePlan& plan_;
  std::string name_;
  Books& expected_;
  const Books& observed_;
  std::vector<Member> members_;
  std::vector<int> restarts_;  ///< when
  std::uint64_t next_order_ = 0;
  CauseKind outcome_ = CauseKind::clean;
  bool is_ending_ = false;
  bool is_finished_ = false;
  bool was_all_ready_ = false;
};

/// `a`, `b`, …
[[nodiscard]] std::string letter(std::size_t index);

}  // namespace aerie::otp
