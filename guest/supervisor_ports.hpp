#pragma once

#include <functional>
#include <memory>
#include <string>

#include "actors/supervisor/child_host.hpp"
#include "guest/process_children.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie::guest {

/// The supervisor actor's hands: carries its orders to the reactor's thread.
class ReactorChildHost final : public ChildHost {
 public:
  ReactorChildHost(Reactor& reactor, std::shared_ptr<ProcessChildren> children);

  void start(const std::string& child, std::uint64_t run) override;
  void stop(const std::string& child, std::uint64_t run, Duration grace,
            const std::string& by) override;
  void signal(const std::string& child, std::uint64_t run, int signal, const std::string& by,
              const std::optional<Cause>& reason) override;

 private:
  Reactor& reactor_;
  std::shared_ptr<ProcessChildren> children_;
};

/// The supervisor actor's voice: carries its news to the reactor's thread.
class ReactorListener final : public SupervisorListener {
 public:
  struct Events {
    std::function<void(const link::ChildNews& news)> on_news;
    std::function<void()> on_all_ready;
    std::function<void(const std::optional<Cause>& cause)> on_finished;
  };

  ReactorListener(Reactor& reactor, Events events);

  void on_news(const link::ChildNews& news) override;
  void on_all_ready() override;
  void on_finished(const std::optional<Cause>& cause) override;

 private:
  Reactor& reactor_;
  Events events_;
};

}  // namespace aerie::guest
