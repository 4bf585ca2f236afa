// The supervisor actor against the rules of OTP, in random histories.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <sstream>

#include "actors/supervisor/otp_model.test.hpp"
#include "actors/supervisor/otp_stage.test.hpp"

using namespace aerie;
using aerie::testing::TestSystem;

namespace {

constexpr int histories = 20'000;
constexpr int longest = 20'000;  // ms; no history here goes on by itself for so long

/// How often what matters happened in all histories: a test of the test.
class Coverage {
 public:
  void add(const otp::Books& books) {
    for (const auto& [name, lines] : books) {
      for (const auto& line : lines)
        for (auto& [word, count] : counts_)
          if (line.find(word) != std::string::npos) ++count;
      if (name != "/" && !lines.empty()) ++supervisors_below_;
    }
  }
  [[nodiscard]] int rarest() const {
    int least = supervisors_below_;
    for (const auto& [word, count] : counts_)
      least = std::min(least, count);
    return least;
  }
  [[nodiscard]] std::string text() const {
    std::string text = "supervisors below others: " + std::to_string(supervisors_below_);
    for (const auto& [word, count] : counts_)
      text += ", '" + word + "': " + std::to_string(count);
    return text;
  }

 private:
  int supervisors_below_ = 0;
  std::map<std::string, int> counts_{{"start ", 0},
                                     {"stop ", 0},
                                     {"restarting ", 0},
                                     {" not-ready", 0},
                                     {"given-up ", 0},
                                     {" oom-kill", 0},
                                     {" clean ", 0},
                                     {" killed ", 0},
                                     {"all ready", 0},
                                     {"finished crash-loop", 0},
                                     {"finished library-missing", 0}};
};

/// Plays one history to the real tree and to the model, side by side.
class Play {
 public:
  Play(TestSystem& system, const otp::History& history)
      : history_(history),
        stage_(system, history),
        model_(history.root, "/", expected_, stage_.books()) {}

  void run() {
    stage_.start();
    model_.start(0);
    compare();
    auto orders = history_.orders;
    std::stable_sort(orders.begin(), orders.end(),
                     [](const auto& one, const auto& other) { return one.at < other.at; });
    for (const auto& order : orders) {
      play_until(order.at);
      obey(order);
    }
    play_until(history_.stop_at);
    stage_.stop();
    model_.stop(stage_.now());
    compare();
    play_until(longest);
    RC_ASSERT(model_.is_finished());
    RC_ASSERT(stage_.running_leaves() == 0U);
  }

  [[nodiscard]] const otp::Books& books() const { return stage_.books(); }

 private:
  /// Everything up to and at `end`; at one instant timers come before what leaves do.
  void play_until(int end) {
    while (true) {
      if (const auto leaf = stage_.next_leaf_event(); leaf && *leaf <= stage_.now()) {
        tell(stage_.take_leaf_event());
        continue;
      }
      auto next = model_.is_finished() ? std::nullopt : model_.next_timer();
      if (const auto leaf = stage_.next_leaf_event(); leaf && (!next || *leaf < *next)) next = leaf;
      if (!next || *next > end) break;
      stage_.advance_to(*next);
      model_.fire(*next);
      compare();
    }
    if (end > stage_.now()) stage_.advance_to(end);
    compare();
  }

  void tell(const otp::Stage::LeafEvent& event) {
    stage_.deliver(event);
    auto* model = find(event.supervisor);
    RC_ASSERT(model != nullptr);
    // Whatever it is, a leaf that was asked to end has ended because of that.
    if (event.end)
      model->ended(event.member, model->is_asked(event.member) ? CauseKind::killed : *event.end,
                   stage_.now());
    else
      model->ready(event.member, stage_.now());
    compare();
  }

  void obey(const otp::Order& order) {
    const auto* tree = &history_.root;
    auto* model = &model_;
    std::string name = "/";
    for (std::size_t level = 0; !tree->members.empty(); ++level) {
      const auto member = static_cast<std::size_t>(order.path[level]) % tree->members.size();
      auto* below = model->below(member);
      // Half of the orders mean the supervisor itself, where there is one.
      if (below == nullptr || level + 1 == order.path.size() || order.path[level] > 4) {
        if (order.is_kill) {
          stage_.kill(name, member);
          model->kill(member, stage_.now());
        } else {
          stage_.restart(name, member);
          model->restart(member, stage_.now());
        }
        return compare();
      }
      tree = &tree->members[member].below.front();
      model = below;
      name += otp::letter(member);
    }
  }

  [[nodiscard]] otp::Model* find(const std::string& supervisor) {
    auto* found = &model_;
    for (const char step : supervisor.substr(1))
      if (found != nullptr) found = found->below(static_cast<std::size_t>(step - 'a'));
    return found;
  }

  void compare() {
    model_.propagate(stage_.now());
    if (expected_ == stage_.books()) return;
    std::ostringstream text;
    for (const auto& [name, lines] : stage_.books())
      for (std::size_t i = 0; i < lines.size(); ++i)
        text << name << "  " << lines[i]
             << (i >= expected_[name].size() || expected_[name][i] != lines[i] ? "  <-- not so"
                                                                               : "")
             << '\n';
    text << "but by the rules:\n";
    for (const auto& [name, lines] : expected_)
      for (const auto& line : lines)
        text << name << "  " << line << '\n';
    RC_FAIL(text.str());
  }

  const otp::History& history_;
  otp::Books expected_;
  otp::Stage stage_;
  otp::Model model_;
};

}  // namespace

TEST_CASE("supervisors keep the rules of OTP in random histories", "[supervisor][property]") {
  TestSystem system;
  Coverage coverage;
  auto parameters = rc::detail::configuration().testParams;
  parameters.maxSuccess = std::max(parameters.maxSuccess, histories);
  rc::detail::TestMetadata metadata;
  metadata.id = metadata.description = "OTP";
  const auto result = rc::detail::checkTestable(
      [&] {
        const auto history = *otp::any_history();
        Play play{system, history};
        play.run();
        coverage.add(play.books());
      },
      metadata, parameters);
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  INFO(text.str());
  INFO("seed " << parameters.seed << ": RC_PARAMS=seed=" << parameters.seed);
  REQUIRE(result.is<rc::detail::SuccessResult>());
  INFO(coverage.text());
  CHECK(coverage.rarest() > histories / 100);
}
