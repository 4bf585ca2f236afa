#include "actors/supervisor/otp_history.test.hpp"

namespace aerie::otp {
namespace {

/// One of the values, all of them as likely; a failing history is shrunk towards the first ones.
template <class T>
rc::Gen<T> one_of(std::vector<T> values) {
  const auto count = values.size();
  return rc::gen::map(rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::size_t>(0, count)),
                      [values = std::move(values)](std::size_t index) { return values[index]; });
}

/// At most about `most` items, however far the test has come.
template <class T>
rc::Gen<std::vector<T>> few(double most, rc::Gen<T> gen) {
  return rc::gen::scale(
      most / 100, rc::gen::container<std::vector<T>>(rc::gen::scale(100 / most, std::move(gen))));
}

// Few different times, so that several things fall on one instant and on the window's very edge.

rc::Gen<Life> any_life() {
  return rc::gen::build<Life>(
      rc::gen::set(&Life::is_refused, one_of<bool>({false, false, false, false, true})),
      rc::gen::set(&Life::ready_after, one_of<int>({0, 10, 20, 50, 100'000})),
      rc::gen::set(&Life::end_after, one_of<int>({0, 10, 20, 25, 40, 50, 100, 200, 400})),
      rc::gen::set(&Life::end,
                   one_of<CauseKind>({CauseKind::signal, CauseKind::exit_code, CauseKind::clean,
                                      CauseKind::clean, CauseKind::signal, CauseKind::oom_kill,
                                      CauseKind::library_missing})),
      rc::gen::set(&Life::stop_takes, one_of<int>({0, 0, 10, 15, 100})));
}

rc::Gen<TreePlan> any_tree(int depth);

rc::Gen<MemberPlan> any_member(int depth) {
  const auto leaf = rc::gen::build<MemberPlan>(
      rc::gen::set(&MemberPlan::type,
                   one_of<RestartType>({RestartType::permanent, RestartType::transient,
                                        RestartType::permanent, RestartType::temporary})),
      rc::gen::set(&MemberPlan::backoff_first, one_of<int>({0, 0, 10, 30})),
      rc::gen::set(&MemberPlan::backoff_max, one_of<int>({40, 100})),
      rc::gen::set(&MemberPlan::ready_within, one_of<int>({50, 20, 30})),
      rc::gen::set(&MemberPlan::grace, one_of<int>({20, 5})),
      rc::gen::set(&MemberPlan::lives, few(8, any_life())));
  if (depth == 0) return leaf;
  const auto branch = rc::gen::map(rc::gen::pair(leaf, any_tree(depth - 1)), [](auto both) {
    both.first.lives.clear();
    both.first.below = {std::move(both.second)};
    return both.first;
  });
  return rc::gen::weightedOneOf<MemberPlan>({{4, leaf}, {1, branch}});
}

rc::Gen<TreePlan> any_tree(int depth) {
  return rc::gen::build<TreePlan>(
      rc::gen::set(
          &TreePlan::strategy,
          one_of<Strategy>({Strategy::one_for_one, Strategy::one_for_all, Strategy::rest_for_one})),
      rc::gen::set(&TreePlan::intensity, one_of<int>({1, 0, 2, 3, 5, 8})),
      rc::gen::set(&TreePlan::window, one_of<int>({50, 40, 100, 400})),
      rc::gen::set(&TreePlan::members, few(6, any_member(depth))));
}

rc::Gen<Order> any_order() {
  return rc::gen::build<Order>(
      rc::gen::set(&Order::at, one_of<int>({5, 10, 20, 25, 40, 50, 75, 100, 200})),
      rc::gen::set(&Order::is_kill, rc::gen::arbitrary<bool>()),
      rc::gen::set(&Order::path, rc::gen::container<std::vector<int>>(3, rc::gen::inRange(0, 8))));
}

// -- showing --------------------------------------------------------------------------------------

std::string_view name_of(CauseKind kind) {
  return to_string(kind);
}

void show(std::ostream& out, const TreePlan& tree, const std::string& indent) {
  out << to_string(tree.strategy) << ", " << tree.intensity << " restarts within " << tree.window
      << '\n';
  for (std::size_t i = 0; i < tree.members.size(); ++i) {
    const auto& member = tree.members[i];
    out << indent << static_cast<char>('a' + i) << ": " << to_string(member.type) << ", backoff "
        << member.backoff_first << ".." << member.backoff_max << ", ";
    if (!member.below.empty()) {
      out << "supervisor ";
      show(out, member.below.front(), indent + "  ");
      continue;
    }
    out << "ready within " << member.ready_within << ", grace " << member.grace << '\n';
    for (const auto& life : member.lives) {
      out << indent << "   - " << (life.is_refused ? "refused " : "") << "ready after "
          << life.ready_after << ", ";
      if (life.end_after > 0 || life.is_refused)
        out << name_of(life.end) << " after " << life.end_after;
      else
        out << "lives on";
      out << ", stops in " << life.stop_takes << '\n';
    }
  }
}

}  // namespace

void showValue(const History& history, std::ostream& out) {
  show(out << '\n', history.root, "  ");
  for (const auto& order : history.orders) {
    out << "at " << order.at << (order.is_kill ? " kill" : " restart");
    for (const auto step : order.path)
      out << ' ' << step;
    out << '\n';
  }
  out << "stop at " << history.stop_at << ", jitter " << history.jitter_seed << '\n';
}

rc::Gen<History> any_history() {
  return rc::gen::build<History>(
      rc::gen::set(&History::root, any_tree(2)),
      rc::gen::set(&History::orders, few(5, any_order())),
      rc::gen::set(&History::stop_at, one_of<int>({5'000, 0, 10, 45, 100, 150, 400})),
      rc::gen::set(&History::jitter_seed, rc::gen::inRange(0, 1000)));
}

}  // namespace aerie::otp
