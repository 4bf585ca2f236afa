// What it costs that every actor can be looked at, when nobody looks: messages bounce between two
// actors of ours, and between two that CAF alone knows, in turns; and what share that is of a
// message in a controller at work.
#include <algorithm>
#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <condition_variable>
#include <ctime>
#include <mutex>

#include "actors/core/actor.hpp"
#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/many_sessions.hpp"
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

std::uint64_t handled_in(const Roster& roster) {
  std::uint64_t handled = 0;
  for (const auto& each : roster.facts(FactsDepth::brief))
    handled += each.processed;
  return handled;
}

/// Nanoseconds of processor time that a message costs in all while sessions start, in each portion
/// of them.
std::vector<double> controller_messages() {
  constexpr int portions = 20;
  constexpr std::size_t portion = 200;
  const auto roster =
      std::make_shared<Roster>([next = 0]() mutable { return std::to_string(++next); });
  bench::ManySessions sessions(true, roster);
  std::vector<double> costs;
  for (int i = 0; i < portions; ++i) {
    const auto before = handled_in(*roster);
    const auto began = processor_seconds();
    sessions.create(portion);
    const auto seconds = processor_seconds() - began;
    costs.push_back(seconds * 1e9 / static_cast<double>(handled_in(*roster) - before));
  }
  return costs;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
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
    if (works) continue;
    const auto cost = median(with) - median(without);
    const auto all = controller_messages();
    report.add("being seen", "ns a message", {cost});
    report.add("a message of a controller that starts sessions, all of it", "ns a message", all);
    report.add("being seen: of a message of a controller that starts sessions", "%",
               {100 * cost / (median(all) - cost)}, {.p50 = 2});
  }
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::benchmark_main(count, arguments, "introspection.json", run);
}
