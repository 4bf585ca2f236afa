#pragma once

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include "messages/time.hpp"

/// The thin layer over CAF: what every actor of ours shares. Nothing else of CAF's own classes than
/// what stands here and `caf::typed_actor` in `messages/interfaces.hpp` is used by an actor.
namespace aerie {

/// An exception's text as the reason with which the actor ends: CAF alone would lose it.
[[nodiscard]] caf::error describe_exception(const std::exception_ptr& exception);

/// Base of every actor with the interface `Handle`.
template <class Handle>
class Actor : public Handle::base {
 public:
  using Base = typename Handle::base;
  using Behavior = typename Handle::behavior_type;

  Actor(caf::actor_config& config, std::string kind) : Base(config), kind_(std::move(kind)) {
    this->set_exception_handler([](caf::scheduled_actor*, std::exception_ptr& exception) {
      return describe_exception(exception);
    });
  }

  [[nodiscard]] const char* name() const override { return kind_.c_str(); }

 protected:
  /// Monotonic time; virtual in tests and simulation.
  [[nodiscard]] Duration monotonic() const {
    return std::chrono::duration_cast<Duration>(this->system().clock().now().time_since_epoch());
  }

  /// Sends `message` to this actor once `delay` has passed. Timers can't be cancelled: a message
  /// carries the ticket by which its handler knows whether it is still meant.
  template <class Message>
  void send_later(Duration delay, Message message) {
    this->delayed_send(static_cast<Base*>(this), delay, std::move(message));
  }

  /// This actor's own handle, to be given to others.
  [[nodiscard]] Handle self() { return caf::actor_cast<Handle>(this); }

 private:
  std::string kind_;
};

/// Sends from outside any actor, from any thread.
template <class Handle, class Message>
void post(const Handle& receiver, Message message) {
  caf::anon_send(receiver, std::move(message));
}

/// The same, ahead of everything that waits in the receiver's mailbox: for exits.
template <class Handle, class Message>
void post_urgent(const Handle& receiver, Message message) {
  caf::anon_send<caf::message_priority::high>(receiver, std::move(message));
}

}  // namespace aerie
