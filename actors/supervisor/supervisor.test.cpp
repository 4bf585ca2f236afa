#include "actors/supervisor/supervisor.hpp"

#include <caf/event_based_actor.hpp>
#include <catch2/catch.hpp>

#include "actors/core/testing.hpp"
#include "actors/supervisor/actor_host.hpp"
#include "actors/supervisor/exit_cause.hpp"

using namespace aerie;
using namespace aerie::testing;

namespace {

/// What happened, as one line each.
class Notes final : public SupervisorListener {
 public:
  explicit Notes(std::shared_ptr<std::vector<std::string>> lines) : lines_(std::move(lines)) {}
  void on_news(const link::ChildNews& news) override {
    static const std::vector<std::string> verbs{"started", "ready", "exited", "restarting",
                                                "given-up"};
    lines_->push_back(news.child + " " + verbs.at(static_cast<std::size_t>(news.kind)));
    if (news.exit && news.exit->kind == CauseKind::clean) lines_->back() += " clean";
  }
  void on_all_ready() override { lines_->push_back("all ready"); }
  void on_finished(const std::optional<Cause>& cause) override {
    lines_->push_back(cause ? "finished: " + std::string{to_string(cause->kind)} : "finished");
  }

 private:
  std::shared_ptr<std::vector<std::string>> lines_;
};

caf::behavior fragile(caf::event_based_actor* self) {
  self->set_exception_handler([](caf::scheduled_actor*, std::exception_ptr& exception) {
    return describe_exception(exception);
  });
  return {[self](int order) {
    if (order == 0) return self->quit();
    throw std::runtime_error("it broke");
  }};
}

struct Fixture {
  explicit Fixture(Intensity intensity) {
    SupervisorPlan plan{Strategy::one_for_one, intensity, {}};
    for (const auto* name : {"a", "b"}) {
      SupervisedChild child;
      child.name = name;
      plan.children.push_back(child);
    }
    const auto make = [this](const char* name) {
      return [this, name] { return actors[name] = system.system().spawn(fragile); };
    };
    supervisor = system.system().spawn<Supervisor>(
        plan,
        [&](const SupervisorActor& self) {
          return std::make_unique<ActorHost>(
              system.system(), self,
              std::map<std::string, ActorHost::Factory>{{"a", make("a")}, {"b", make("b")}});
        },
        std::make_unique<Notes>(lines), 1);
    post(supervisor, StartChildren{});
    system.run();
  }
  ~Fixture() {
    post(supervisor, StopChildren{"test"});
    system.run();
    supervisor = nullptr;  // with it goes its host, which ends the actor that watches
    actors.clear();
    system.run();
  }

  TestSystem system;
  std::map<std::string, caf::actor> actors;
  std::shared_ptr<std::vector<std::string>> lines = std::make_shared<std::vector<std::string>>();
  SupervisorActor supervisor;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a supervisor of actors starts, restarts and stops them", "[supervisor][caf]") {
  Fixture fixture{Intensity{3, Duration{60'000}}};
  CHECK(*fixture.lines == Lines{"a started", "a ready", "b started", "b ready", "all ready"});
  fixture.lines->clear();
  const auto first = fixture.actors["a"];
  caf::anon_send(first, 1);
  fixture.system.run();
  CHECK(*fixture.lines == Lines{"a exited", "a restarting", "a started", "a ready"});
  CHECK(fixture.actors["a"] != first);
  const auto all = fixture.system.roster()->facts();
  const auto supervisor = std::find_if(
      all.begin(), all.end(), [](const ActorFacts& each) { return each.kind == "supervisor"; });
  REQUIRE(supervisor != all.end());
  const auto& part = supervisor->face.parts.at(0);
  CHECK(part.restarts == 1);
  CHECK(part.reason.empty());  // it is well again
  REQUIRE(part.last_cause);
  CHECK_FALSE(part.last_cause->message.empty());
  CHECK_FALSE(supervisor->face.parts.at(1).last_cause);
  fixture.lines->clear();
  post(fixture.supervisor, StopChildren{"operator"});
  fixture.system.run();
  CHECK(*fixture.lines == Lines{"b exited", "a exited", "finished"});
}

TEST_CASE("a supervisor of actors gives up a crash loop", "[supervisor][caf]") {
  Fixture fixture{Intensity{0, Duration{60'000}}};
  fixture.lines->clear();
  caf::anon_send(fixture.actors["b"], 1);
  fixture.system.run();
  CHECK(*fixture.lines == Lines{"b exited", "b given-up", "a exited", "finished: crash-loop"});
}

TEST_CASE("a stop goes down the tree before the supervisors above end", "[supervisor][caf]") {
  TestSystem system;
  const auto plan = [](const char* name) {
    SupervisorPlan made{Strategy::one_for_one, {3, Duration{60'000}}, {}};
    SupervisedChild child;
    child.name = name;
    made.children.push_back(child);
    return made;
  };
  const auto outer = std::make_shared<Lines>();
  const auto inner = std::make_shared<Lines>();
  // As in the controller, nobody but its host holds the inner supervisor.
  const auto make_inner = [&] {
    const auto made = system.system().spawn<Supervisor>(
        plan("leaf"),
        [&](const SupervisorActor& self) {
          return std::make_unique<ActorHost>(
              system.system(), self,
              std::map<std::string, ActorHost::Factory>{
                  {"leaf", [&] { return system.system().spawn(fragile); }}});
        },
        std::make_unique<Notes>(inner), 2);
    post(made, StartChildren{});
    return caf::actor_cast<caf::actor>(made);
  };
  auto root = system.system().spawn<Supervisor>(
      plan("inner"),
      [&](const SupervisorActor& self) {
        return std::make_unique<ActorHost>(
            system.system(), self,
            std::map<std::string, ActorHost::Factory>{{"inner", make_inner}});
      },
      std::make_unique<Notes>(outer), 1);
  post(root, StartChildren{});
  system.run();
  outer->clear();
  inner->clear();
  post(root, StopChildren{"test"});
  system.run();
  CHECK(*inner == Lines{"leaf exited", "finished"});
  CHECK(*outer == Lines{"inner exited", "finished"});
  root = nullptr;
  system.run();
}

TEST_CASE("an actor that ends by itself is told from one that fails", "[supervisor][caf]") {
  Fixture fixture{Intensity{}};
  fixture.lines->clear();
  caf::anon_send(fixture.actors["a"], 0);
  fixture.system.run();
  CHECK(*fixture.lines == Lines{"a exited clean", "a restarting", "a started", "a ready"});
}

TEST_CASE("a supervisor that gives up ends with its cause", "[supervisor][caf]") {
  Fixture fixture{Intensity{0, Duration{60'000}}};
  std::optional<Cause> cause;
  const auto parent = fixture.system.system().spawn([&](caf::event_based_actor* self) {
    self->set_down_handler([&](const caf::down_msg& down) { cause = cause_in(down.reason); });
    self->monitor(fixture.supervisor);
    return caf::behavior{[](int) {}};
  });
  fixture.system.run();
  caf::anon_send(fixture.actors["b"], 1);
  fixture.system.run();
  REQUIRE(cause);
  CHECK(cause->kind == CauseKind::crash_loop);
  CHECK_THAT(cause->evidence.front(), Catch::Contains("it broke"));
}

TEST_CASE("a supervisor that is killed takes its children along", "[supervisor][caf]") {
  Fixture fixture{Intensity{}};
  int ended = 0;
  const auto watcher = fixture.system.system().spawn([&](caf::event_based_actor* self) {
    self->set_down_handler([&](const caf::down_msg&) { ++ended; });
    self->monitor(fixture.actors["a"]);
    self->monitor(fixture.actors["b"]);
    return caf::behavior{[](int) {}};
  });
  fixture.system.run();
  caf::anon_send_exit(fixture.supervisor, caf::exit_reason::kill);
  fixture.system.run();
  CHECK(ended == 2);
}

TEST_CASE("an actor that cannot be made is a start that failed", "[supervisor][caf]") {
  TestSystem system;
  const auto lines = std::make_shared<Lines>();
  SupervisorPlan plan{Strategy::one_for_one, Intensity{0, Duration{1000}}, {}};
  plan.children.emplace_back().name = "a";
  const SupervisorActor supervisor = system.system().spawn<Supervisor>(
      plan,
      [&](const SupervisorActor& self) {
        return std::make_unique<ActorHost>(
            system.system(), self,
            std::map<std::string, ActorHost::Factory>{
                {"a", []() -> caf::actor { throw std::runtime_error("no descriptor left"); }}});
      },
      std::make_unique<Notes>(lines), 1);
  post(supervisor, StartChildren{});
  system.run();
  CHECK(*lines == Lines{"a exited", "a given-up", "finished: crash-loop"});
}

TEST_CASE("an actor that was healthy for long is restarted at once again", "[supervisor][caf]") {
  Fixture fixture{Intensity{5, Duration{60'000}}};
  const auto crash = [&] {
    caf::anon_send(fixture.actors["a"], 1);
    fixture.system.run();
  };
  crash();
  fixture.lines->clear();
  crash();
  CHECK(*fixture.lines == Lines{"a exited", "a restarting"});  // after its back-off
  fixture.system.advance(2 * SupervisedChild{}.backoff.max + Duration{200});
  fixture.lines->clear();
  crash();
  CHECK(*fixture.lines == Lines{"a exited", "a restarting", "a started", "a ready"});
}
