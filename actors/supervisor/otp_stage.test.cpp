#include "actors/supervisor/otp_stage.test.hpp"

#include <algorithm>
#include <utility>

namespace aerie::otp {
namespace {

std::size_t index_of(const std::string& child) {
  return static_cast<std::size_t>(child.front() - 'a');
}

SupervisorPlan plan_of(const TreePlan& tree) {
  SupervisorPlan plan{tree.strategy, {tree.intensity, Duration{tree.window}}, {}};
  for (std::size_t i = 0; i < tree.members.size(); ++i) {
    const auto& member = tree.members[i];
    SupervisedChild child;
    child.name = letter(i);
    child.restart = member.type;
    child.ready_within = Duration{member.ready_within};
    child.grace = member.below.empty() ? Duration{member.grace} : unlimited_grace;
    child.backoff = {Duration{member.backoff_first}, Duration{member.backoff_max}};
    plan.children.push_back(child);
  }
  return plan;
}

}  // namespace

/// Gives supervisors to an `ActorHost` and leaves to the stage.
class Stage::Host final : public ChildHost {
 public:
  Host(Stage& stage, const TreePlan& plan, std::string name, const SupervisorActor& self)
      : stage_(stage), plan_(plan), name_(std::move(name)) {
    std::map<std::string, ActorHost::Factory> factories;
    for (std::size_t i = 0; i < plan_.members.size(); ++i) {
      if (plan_.members[i].below.empty()) continue;
      factories[letter(i)] = [this, i] {
        const auto below = stage_.spawn(plan_.members[i].below.front(), name_ + letter(i));
        post(below, StartChildren{});
        return caf::actor_cast<caf::actor>(below);
      };
    }
    actors_ = std::make_unique<ActorHost>(stage.system_.system(), self, std::move(factories));
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host() override { stage_.drop_leaves(name_); }

  void start(const std::string& child, std::uint64_t run) override {
    stage_.say(name_, "start " + child);
    if (is_leaf(child))
      stage_.start_leaf(name_, index_of(child), plan_.members[index_of(child)], run);
    else
      actors_->start(child, run);
  }
  void stop(const std::string& child, std::uint64_t run, Duration grace,
            const std::string& by) override {
    stage_.say(name_, "stop " + child);
    if (is_leaf(child))
      stage_.stop_leaf(name_, index_of(child));
    else
      actors_->stop(child, run, grace, by);
  }
  void signal(const std::string& child, std::uint64_t run, int number, const std::string& by,
              const std::optional<Cause>& reason) override {
    stage_.say(name_, "kill " + child + (reason ? " " + std::string{to_string(reason->kind)} : ""));
    if (is_leaf(child))
      stage_.end_leaf(name_, index_of(child), reason ? reason->kind : CauseKind::killed);
    else
      actors_->signal(child, run, number, by, reason);
  }

 private:
  [[nodiscard]] bool is_leaf(const std::string& child) const {
    return plan_.members[index_of(child)].below.empty();
  }

  Stage& stage_;
  const TreePlan& plan_;
  std::string name_;
  std::unique_ptr<ActorHost> actors_;
};

class Stage::Listener final : public SupervisorListener {
 public:
  Listener(Stage& stage, std::string name) : stage_(stage), name_(std::move(name)) {}

  void on_news(const link::ChildNews& news) override {
    using enum link::ChildNewsKind;
    switch (news.kind) {
      case started:
        return;
      case ready:
        return stage_.say(name_, "ready " + news.child);
      case exited:
        return stage_.say(name_, "exited " + news.child + " " +
                                     std::string{to_string(news.exit->kind)} + " " +
                                     std::to_string(news.restarts));
      case restarting:
        return stage_.say(
            name_, "restarting " + news.child + " " + std::to_string(news.retry_in->count()));
      case given_up:
        return stage_.say(name_, "given-up " + news.child);
    }
  }
  void on_all_ready() override { stage_.say(name_, "all ready"); }
  void on_finished(const std::optional<Cause>& cause) override {
    stage_.say(name_, "finished " + std::string{to_string(cause ? cause->kind : CauseKind::clean)});
  }

 private:
  Stage& stage_;
  std::string name_;
};

Stage::Stage(testing::TestSystem& system, const History& history)
    : system_(system), history_(history) {}

Stage::~Stage() {
  for (const auto& [name, supervisor] : supervisors_)
    caf::anon_send_exit(supervisor, caf::exit_reason::kill);
  system_.run();
  supervisors_.clear();
  system_.advance_at_once(Duration{1'000'000});  // nothing of it stays on the clock
}

// -- supervisors ----------------------------------------------------------------------------------

SupervisorActor Stage::spawn(const TreePlan& plan, const std::string& name) {
  const SupervisorActor supervisor = system_.system().spawn<Supervisor>(
      plan_of(plan),
      [&](const SupervisorActor& self) { return std::make_unique<Host>(*this, plan, name, self); },
      std::make_unique<Listener>(*this, name), static_cast<std::uint64_t>(history_.jitter_seed));
  supervisors_[name] = supervisor;
  return supervisor;
}

void Stage::start() {
  post(spawn(history_.root, "/"), StartChildren{});
  system_.run();
}

void Stage::stop() {
  post(supervisors_.at("/"), StopChildren{"operator"});
  system_.run();
}

void Stage::restart(const std::string& supervisor, std::size_t member) {
  post(supervisors_.at(supervisor), RestartOneChild{letter(member), "operator"});
  system_.run();
}

void Stage::kill(const std::string& supervisor, std::size_t member) {
  post(supervisors_.at(supervisor), KillOneChild{letter(member), 9, "operator"});
  system_.run();
}

void Stage::advance_to(int time) {
  const auto by = Duration{time - std::exchange(now_, time)};
  system_.advance_at_once(by);
}

void Stage::say(const std::string& supervisor, const std::string& line) {
  books_[supervisor].push_back(std::to_string(now_) + " " + line);
}

// -- leaves ---------------------------------------------------------------------------------------

void Stage::start_leaf(const std::string& supervisor, std::size_t member, const MemberPlan& plan,
                       std::uint64_t run) {
  const LeafId id{supervisor, member};
  if (leaves_.contains(id)) say(supervisor, "started twice: " + letter(member));
  const auto used = lives_used_[id]++;
  const Life life = used < plan.lives.size() ? plan.lives[used] : Life{};
  leaves_[id] = {life, run, now_, plan.grace, false};
  if (life.is_refused) return end_leaf(supervisor, member, life.end);
  agenda_.emplace(now_ + life.ready_after, LeafEvent{supervisor, member, run, {}});
  if (life.end_after > 0)
    agenda_.emplace(now_ + life.end_after, LeafEvent{supervisor, member, run, life.end});
}

void Stage::stop_leaf(const std::string& supervisor, std::size_t member) {
  auto& leaf = leaves_.at({supervisor, member});
  leaf.is_asked = true;
  // The host kills it when the grace has passed.
  agenda_.emplace(now_ + std::min(leaf.life.stop_takes, leaf.grace),
                  LeafEvent{supervisor, member, leaf.run, CauseKind::killed});
}

void Stage::end_leaf(const std::string& supervisor, std::size_t member, CauseKind kind) {
  const auto& leaf = leaves_.at({supervisor, member});
  agenda_.emplace(now_, LeafEvent{supervisor, member, leaf.run, kind});
}

void Stage::drop_leaves(const std::string& supervisor) {
  std::erase_if(leaves_, [&](const auto& each) { return each.first.first == supervisor; });
}

std::optional<int> Stage::next_leaf_event() {
  const auto is_void = [&](const LeafEvent& event) {
    const auto found = leaves_.find({event.supervisor, event.member});
    return found == leaves_.end() || found->second.run != event.run;
  };
  while (!agenda_.empty() && is_void(agenda_.begin()->second))
    agenda_.erase(agenda_.begin());
  return agenda_.empty() ? std::nullopt : std::optional{agenda_.begin()->first};
}

Stage::LeafEvent Stage::take_leaf_event() {
  return agenda_.extract(agenda_.begin()).mapped();
}

void Stage::deliver(const LeafEvent& event) {
  const auto& supervisor = supervisors_.at(event.supervisor);
  const auto child = letter(event.member);
  if (!event.end) {
    post_urgent(supervisor, ChildReady{child, event.run});
  } else {
    const auto leaf = leaves_.extract({event.supervisor, event.member}).mapped();
    ExitRecord exit;
    exit.child = child;
    exit.kind = leaf.is_asked ? CauseKind::killed : *event.end;
    exit.message = "It ended.";
    exit.uptime_ms = now_ - leaf.began;
    post_urgent(supervisor, ChildExited{child, event.run, std::move(exit)});
  }
  system_.run();
}

}  // namespace aerie::otp
