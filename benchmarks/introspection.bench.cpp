// What it costs that every actor can be looked at, when nobody looks: messages bounce between two
// actors of ours, and between two that CAF alone knows, in turns.
#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <condition_variable>
#include <ctime>
#include <mutex>

#include "actors/core/actor.hpp"
#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/report.hpp"
#include "messages/interfaces.hpp"

using namespace aerie;

namespace {

constexpr int rounds = 401;
constexpr std::int64_t messages =
    3'000;                     ///< a round: so short that both of a pair meet one weather
constexpr int under_way = 64;  ///< at a time

/// Tells when enough messages were handled.
class Finish {
 public:
  /// True for the last ones, which are not passed on: a round leaves nothing under way.
  bool count() {
    const auto left = left_.fetch_sub(1, std::memory_order_relaxed);
    if (left == 1) {
      const std::lock_guard lock{mutex_};
      is_over_ = true;
      over_.notify_all();
    }
    return left <= under_way;
  }
  void begin() {
    left_ = messages;
    is_over_ = false;
  }
  void wait() {
    std::unique_lock lock{mutex_};
    over_.wait(lock, [this] { return is_over_; });
  }

 private:
  std::atomic<std::int64_t> left_{0};
  std::mutex mutex_;
  std::condition_variable over_;
  bool is_over_ = false;
};

/// What a handler of the controller does at least: it reads what came, and makes something of it.
std::size_t work_on(const Recorded& recorded) {
  return Json(*recorded.event).dump().size();
}

/// The handler of both kinds.
struct Handler {
  Finish* finish;
  bool works;
  EventReaderActor partner{};
  std::size_t made = 0;

  void operator()(const Recorded& recorded) {
    if (works) made += work_on(recorded);
    if (!finish->count()) caf::anon_send(partner, recorded);
  }
};

class Seen : public Actor<EventReaderActor> {
 public:
  Seen(caf::actor_config& config, Handler* handler) : Actor(config, "seen"), handler_(handler) {}
  Behavior make_behavior() override {
    return {[this](const Recorded& recorded) { (*handler_)(recorded); }};
  }

 private:
  Handler* handler_;
};

class Plain : public EventReaderActor::base {
 public:
  Plain(caf::actor_config& config, Handler* handler)
      : EventReaderActor::base(config), handler_(handler) {}
  EventReaderActor::behavior_type make_behavior() override {
    return {[this](const Recorded& recorded) { (*handler_)(recorded); }};
  }

 private:
  Handler* handler_;
};

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// Two actors that send each other what they get.
template <class Kind>
class Pair {
 public:
  Pair(caf::actor_system& system, bool works)
      : handlers_{Handler{&finish_, works}, Handler{&finish_, works}} {
    EventReaderActor first = system.spawn<Kind>(&handlers_[0]);
    EventReaderActor second = system.spawn<Kind>(&handlers_[1]);
    handlers_[0].partner = second;
    handlers_[1].partner = first;
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() {
    for (auto& handler : handlers_) {
      caf::anon_send_exit(handler.partner, caf::exit_reason::user_shutdown);
      handler.partner = nullptr;
    }
  }

  /// Nanoseconds of processor time a message.
  double measure(const EventPtr& event) {
    finish_.begin();
    const auto began = processor_seconds();
    for (int i = 0; i < under_way; ++i)
      caf::anon_send(handlers_[static_cast<std::size_t>(i % 2)].partner, Recorded{0, event});
    finish_.wait();
    return (processor_seconds() - began) * 1e9 / static_cast<double>(messages);
  }

 private:
  Finish finish_;
  std::array<Handler, 2> handlers_;
};

EventPtr an_event() {
  Event event;
  event.seq = 123'456;
  event.kind = "child.exited";
  event.session = event.vm = "0f8fad5b-d9cb-469f-a165-70867728950e";
  event.child = "stream";
  event.data = {{"kind", "signal"}, {"message", "stream was ended by SIGKILL."}, {"pid", 4242}};
  return std::make_shared<const Event>(std::move(event));
}

/// In hundredths, round by round: what disturbs this machine disturbs both of a pair.
std::vector<double> costs(const std::vector<double>& seen, const std::vector<double>& plain) {
  std::vector<double> all;
  for (std::size_t i = 0; i < seen.size(); ++i)
    all.push_back((seen[i] / plain[i] - 1) * 100);
  return all;
}

void run(const std::string& path) {
  RosterConfig config;
  config.roster = std::make_shared<Roster>([] { return std::string{"an actor"}; });
  // One thread: what is measured is work, not who waits for whom.
  config.set("scheduler.max-threads", 1);
  caf::actor_system system{config};
  const auto event = an_event();
  bench::Report report("introspection", "What being seen costs each message, when nobody looks");
  for (const bool works : {true, false}) {
    Pair<Seen> seen{system, works};
    Pair<Plain> plain{system, works};
    std::vector<double> with;
    std::vector<double> without;
    for (int round = 0; round < rounds; ++round) {
      // Each goes first as often as the other.
      if (round % 2 == 0) with.push_back(seen.measure(event));
      without.push_back(plain.measure(event));
      if (round % 2 != 0) with.push_back(seen.measure(event));
    }
    const std::string what = works ? "a handler that writes an event as JSON" : "an empty handler";
    report.add(what + ", seen", "ns a message", with);
    report.add(what + ", CAF alone", "ns a message", without);
    report.add(what + ": the difference", "%", costs(with, without),
               works ? bench::Report::Targets{.p50 = 2} : bench::Report::Targets{});
  }
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::benchmark_main(count, arguments, "introspection.json", run);
}
