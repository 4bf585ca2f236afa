#include "runtime/controller/watchdog.hpp"

#include <array>
#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

namespace aerie {

/// All of it happens on the reactor's thread, but for the actors' answers, which are posted there.
class Watchdog::Rounds : public std::enable_shared_from_this<Watchdog::Rounds> {
 public:
  Rounds(Reactor& reactor, EnvironmentPtr environment, Duration every, std::function<void()> well)
      : reactor_(reactor),
        environment_(std::move(environment)),
        every_(every),
        well_(std::move(well)) {}

  void begin() {
    timer_ = reactor_.after(every_, [rounds = shared_from_this()] { rounds->begin(); });
    // One that is still waited for is not asked again: its mailbox would fill.
    if (awaited_ > 0) return;
    const auto& directory = environment_->directory;
    const std::array actors{caf::actor_cast<caf::actor>(directory.ledger()),
                            caf::actor_cast<caf::actor>(directory.node()),
                            caf::actor_cast<caf::actor>(directory.console()),
                            caf::actor_cast<caf::actor>(directory.gateway())};
    // A service that is being restarted has no handle for a moment: the next round asks it.
    for (const auto& actor : actors)
      if (!actor) return;
    awaited_ = actors.size();
    for (const auto& actor : actors)
      ask(actor);
  }

  void end() {
    reactor_.cancel(timer_);
    environment_.reset();
    is_over_ = true;
  }

 private:
  /// Gone unanswered, with its actor, it is an answer too: a supervisor sees to that.
  struct Answer {
    explicit Answer(std::function<void()> its_said) : said(std::move(its_said)) {}
    Answer(const Answer&) = delete;
    Answer& operator=(const Answer&) = delete;
    ~Answer() { said(); }
    std::function<void()> said;
  };

  void ask(const caf::actor& actor) {
    auto answer = std::make_shared<Answer>([&reactor = reactor_, weak = weak_from_this()] {
      if (weak.expired()) return;
      reactor.post([weak] {
        if (const auto rounds = weak.lock()) rounds->heard();
      });
    });
    caf::anon_send(actor, DescribeYourself{[answer = std::move(answer)](const Json&) {}});
  }

  void heard() {
    if (is_over_ || awaited_ == 0) return;
    if (--awaited_ == 0) well_();
  }

  Reactor& reactor_;
  EnvironmentPtr environment_;
  Duration every_;
  std::function<void()> well_;
  TimerId timer_;
  std::size_t awaited_ = 0;
  bool is_over_ = false;
};

Watchdog::Watchdog(Reactor& reactor, EnvironmentPtr environment, Duration every,
                   std::function<void()> well)
    : reactor_(reactor),
      rounds_(std::make_shared<Rounds>(reactor, std::move(environment), every, std::move(well))) {
  reactor_.call([this] { rounds_->begin(); });
}

Watchdog::~Watchdog() {
  reactor_.call([this] {
    rounds_->end();
    rounds_.reset();
  });
}

}  // namespace aerie
