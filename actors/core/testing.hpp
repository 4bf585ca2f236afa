#pragma once

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/message_handler.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <memory>
#include <vector>

#include "actors/core/actor.hpp"

/// Actors in virtual time, on the test's own thread.
namespace aerie::testing {

/// Remembers every message sent to an actor that stands in for another.
class Inbox {
 public:
  void add(caf::message message) { messages_.push_back(std::move(message)); }

  template <class T>
  [[nodiscard]] std::vector<T> all() const {
    std::vector<T> found;
    for (const auto& each : messages_)
      if (each.match_elements<T>()) found.push_back(each.get_as<T>(0));
    return found;
  }

  template <class T>
  [[nodiscard]] std::size_t count() const {
    return all<T>().size();
  }

  /// The newest message of that type. Throws when there is none, which fails the test.
  template <class T>
  [[nodiscard]] T last() const {
    return all<T>().at(count<T>() - 1);
  }

  void clear() { messages_.clear(); }

 private:
  std::vector<caf::message> messages_;
};

/// An actor system whose clock stands still until it is told otherwise.
class TestSystem {
 public:
  TestSystem() : config_(make_config()), system_(*config_) {}

  [[nodiscard]] caf::actor_system& system() { return system_; }
  [[nodiscard]] const std::shared_ptr<Roster>& roster() const { return config_->roster; }

  /// Runs until no message is left.
  void run() { coordinator().run(); }

  /// Lets time pass, with all that becomes due in it.
  void advance(Duration time) {
    const auto step = Duration{1};
    for (auto passed = Duration{0}; passed < time;) {
      const auto stride = time > Duration{2000} ? Duration{50} : step;
      coordinator().advance_time(stride);
      coordinator().run();
      passed += stride;
    }
  }

  /// The same in one stride: whatever becomes due happens at the end of it.
  void advance_at_once(Duration time) {
    coordinator().advance_time(time);
    coordinator().run();
  }

  /// An actor with the interface `Handle` that only remembers what it is sent, but for what
  /// `answers` handles.
  template <class Handle>
  Handle stand_in(std::shared_ptr<Inbox> inbox, caf::message_handler answers = {}) {
    const auto actor =
        system_.spawn([inbox, answers](caf::event_based_actor* self) -> caf::behavior {
          self->set_default_handler([inbox](caf::scheduled_actor*, caf::message_view& view) {
            inbox->add(view.move_content_to_message());
            return caf::result<caf::message>{caf::message{}};
          });
          return answers.or_else([](caf::unit_t) {});
        });
    keep_.push_back(actor);
    return caf::actor_cast<Handle>(actor);
  }

 private:
  static std::unique_ptr<RosterConfig> make_config() {
    auto config = std::make_unique<RosterConfig>();
    config->roster = std::make_shared<Roster>(
        [number = 0]() mutable { return "actor-" + std::to_string(++number); });
    config->set("scheduler.policy", caf::atom("testing"));
    return config;
  }

  caf::scheduler::test_coordinator& coordinator() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
  }

  std::unique_ptr<RosterConfig> config_;
  caf::actor_system system_;
  std::vector<caf::actor> keep_;
};

}  // namespace aerie::testing
