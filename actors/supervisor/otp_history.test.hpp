#pragma once

#include <rapidcheck.h>
#include <string>
#include <vector>

#include "messages/cause.hpp"
#include "messages/profile.hpp"

/// What happens to a tree of supervisors in one random history: their plans, and what their leaves
/// will do in each of their lives. All times are milliseconds.
namespace aerie::otp {

/// One run of a leaf. Lives that are used up are followed by ones in perfect health.
struct Life {
  bool is_refused = false;  ///< it never runs: the start fails with `end`
  int ready_after = 0;
  int end_after = 0;  ///< by itself, since its start; 0: never
  CauseKind end = CauseKind::signal;
  int stop_takes = 0;  ///< from the asking to its end, if the grace allows it
};

struct TreePlan;

/// A leaf, or a supervisor with what is below it.
struct MemberPlan {
  RestartType type = RestartType::permanent;
  int backoff_first = 0;
  int backoff_max = 0;
  int ready_within = 0;
  int grace = 0;
  std::vector<Life> lives;
  std::vector<TreePlan> below;  ///< empty for a leaf, else one
};

struct TreePlan {
  Strategy strategy = Strategy::one_for_one;
  int intensity = 0;
  int window = 0;
  std::vector<MemberPlan> members;
};

/// What somebody from outside asks of a member, picked by `path`: at each level the index, modulo
/// the number of members.
struct Order {
  int at = 0;
  bool is_kill = false;  ///< else a restart
  std::vector<int> path;
};

struct History {
  TreePlan root;
  std::vector<Order> orders;
  int stop_at = 0;
  int jitter_seed = 0;
};

void showValue(const History& history, std::ostream& out);  // the name RapidCheck looks for

[[nodiscard]] rc::Gen<History> any_history();

}  // namespace aerie::otp
