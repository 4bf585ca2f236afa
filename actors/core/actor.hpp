#pragma once

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/system_messages.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

#include "actors/core/roster.hpp"
#include "messages/time.hpp"

/// The thin layer over CAF: what every actor of ours shares. Nothing else of CAF's own classes than
/// what stands here and `caf::typed_actor` in `messages/interfaces.hpp` is used by an actor.
namespace aerie {

/// An exception's text as the reason with which the actor ends: CAF alone would lose it.
[[nodiscard]] caf::error describe_exception(const std::exception_ptr& exception);

/// Base of every actor with the interface `Handle`.
template <class Handle>
class Actor : public Handle::base, public Observed {
 public:
  using Base = typename Handle::base;
  using Behavior = typename Handle::behavior_type;

  Actor(caf::actor_config& config, std::string kind)
      : Base(config), Observed(config, kind, Base::id()), kind_(std::move(kind)) {
    this->set_exception_handler([](caf::scheduled_actor*, std::exception_ptr& exception) {
      return describe_exception(exception);
    });
  }

  [[nodiscard]] const char* name() const override { return kind_.c_str(); }

  // -- called by CAF: what the roster shows of it ------------------------------------------------

  using Base::enqueue;

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override {
    note_arrival(*element);
    Base::enqueue(std::move(element), host);
  }

  using Base::consume;

  caf::invoke_message_result consume(caf::mailbox_element& element) override {
    const auto type = key_of(element.content());
    const Running running{*this, type};
    return handle(element, type);
  }

  void launch(caf::execution_unit* host, bool is_lazy, bool is_hidden) override {
    enter_roster(this->system(), this->address());
    Base::launch(host, is_lazy, is_hidden);
  }

  bool cleanup(caf::error&& reason, caf::execution_unit* host) override {
    leave_roster();
    return Base::cleanup(std::move(reason), host);
  }

 protected:
  /// As CAF's, and the roster knows whom it watches.
  template <caf::message_priority P = caf::message_priority::normal, class Watched>
  void monitor(const Watched& whom) {
    Base::template monitor<P>(whom);
    vitals_->watch(caf::actor_cast<caf::actor_addr>(whom).id());
  }
  template <class Watched>
  void demonitor(const Watched& whom) {
    Base::demonitor(whom);
    vitals_->unwatch(caf::actor_cast<caf::actor_addr>(whom).id());
  }

  /// No actor links: a link can't be told from a fault of one's own, and the exit of a linked
  /// actor waits behind the whole mailbox. So what it monitors is all it hears of.
  template <class Whom>
  void link_to(const Whom&) = delete;

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
  caf::invoke_message_result handle(caf::mailbox_element& element, Vitals::TypeKey type) {
    if (type == key_of_description()) {
      element.content().template get_as<DescribeYourself>(0).done(describe());
      return caf::invoke_message_result::consumed;
    }
    if (type == caf::type_nr<caf::down_msg>::value)
      vitals_->unwatch(element.content().template get_as<caf::down_msg>(0).source.id());
    if (!vitals_->is_traced()) return Base::consume(element);
    const auto from = element.sender
                          ? title_of(caf::actor_cast<caf::abstract_actor*>(element.sender))
                          : std::string{};
    const auto began = std::chrono::steady_clock::now();
    const auto result = Base::consume(element);
    const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - began;
    report_in(type, from, took.count());
    return result;
  }

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
