#include "actors/supervisor/supervisor.hpp"

#include <caf/event_based_actor.hpp>
#include <catch2/catch.hpp>

#include "actors/core/testing.hpp"
#include "actors/supervisor/actor_host.hpp"

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
    if (news.exit) last_message = news.exit->message;
  }
  void on_all_ready() override { lines_->push_back("all ready"); }
  void on_finished(const std::optional<Cause>& cause) override {
    lines_->push_back(cause ? "finished: " + std::string{to_string(cause->kind)} : "finished");
  }

  std::string last_message;

 private:
  std::shared_ptr<std::vector<std::string>> lines_;
};

caf::behavior fragile(caf::event_based_actor* self) {
  self->set_exception_handler([](caf::scheduled_actor*, std::exception_ptr& exception) {
    return describe_exception(exception);
  });
  return {[](int) { throw std::runtime_error("it broke"); }};
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
