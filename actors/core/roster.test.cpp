#include "actors/core/roster.hpp"

#include <catch2/catch.hpp>

#include "actors/core/testing.hpp"
#include "messages/interfaces.hpp"

using namespace aerie;
using namespace aerie::testing;
using std::chrono::microseconds;
using std::chrono::nanoseconds;

namespace {

/// Starts another of its kind for every event, and can be made to fail.
class Spawner : public Actor<EventReaderActor> {
 public:
  explicit Spawner(caf::actor_config& config) : Actor(config, "spawner") {}

  Behavior make_behavior() override {
    return {[this](const Recorded& recorded) {
      if (recorded.reader == 0) throw std::runtime_error("it broke");
      if (recorded.reader == 1) return;
      const auto child = spawn<Spawner>();
      monitor(child);
      children_.push_back(child);
      send(child, Recorded{1, nullptr});
    }};
  }

 protected:
  [[nodiscard]] Json describe() const override { return {{"children", children_.size()}}; }

 private:
  std::vector<EventReaderActor> children_;
};

ActorFacts facts_of(const TestSystem& system, const std::string& id) {
  for (auto& each : system.roster()->facts())
    if (each.id == id) return each;
  throw std::runtime_error("no actor " + id);
}

}  // namespace

TEST_CASE("a histogram's quantiles are within half an octave", "[roster]") {
  DurationHistogram histogram;
  CHECK(histogram.quantile(0.5) == nanoseconds{0});
  for (int i = 0; i < 98; ++i)
    histogram.add(microseconds{10});
  histogram.add(microseconds{900});
  histogram.add(microseconds{1000});
  CHECK(histogram.quantile(0.5) >= microseconds{10});
  CHECK(histogram.quantile(0.5) < microseconds{15});
  CHECK(histogram.quantile(0.99) >= microseconds{900});
  CHECK(histogram.quantile(0.99) < microseconds{1350});
  histogram.add(nanoseconds{-5});
  histogram.add(std::chrono::hours{1});
  CHECK(histogram.quantile(1) > std::chrono::seconds{10});
}

TEST_CASE("actors enter the roster with their parents and leave it", "[roster]") {
  TestSystem system;
  EventReaderActor first = system.system().spawn<Spawner>();
  post(first, Recorded{2, nullptr});
  system.run();
  const auto all = system.roster()->facts();
  REQUIRE(all.size() == 2);
  CHECK(all[0].kind == "spawner");
  CHECK(all[0].parent.empty());
  CHECK(all[1].parent == all[0].id);
  CHECK(all[0].monitors == std::vector{all[1].id});
  CHECK(all[0].processed == 1);
  CHECK(all[0].by_type.at("Recorded") == 1);
  CHECK(all[0].mailbox == 0);

  // The end of one is heard of, and it is watched no more.
  caf::anon_send_exit(system.roster()->address_of(all[1].id), caf::exit_reason::user_shutdown);
  system.run();
  CHECK(system.roster()->facts().size() == 1);
  CHECK(facts_of(system, all[0].id).monitors.empty());
  CHECK(system.roster()->find(all[1].id) == nullptr);
  CHECK_FALSE(system.roster()->address_of(all[1].id));
}

TEST_CASE("what waits and what comes too late is counted", "[roster]") {
  TestSystem system;
  EventReaderActor actor = system.system().spawn<Spawner>();
  system.run();
  const auto id = system.roster()->facts().at(0).id;
  post(actor, Recorded{1, nullptr});
  post(actor, Recorded{1, nullptr});
  CHECK(facts_of(system, id).mailbox == 2);
  system.run();
  CHECK(facts_of(system, id).mailbox == 0);
  CHECK(facts_of(system, id).processed == 2);

  // It breaks at the first; the two behind are never handled, nor is the one that comes after.
  post(actor, Recorded{0, nullptr});
  post(actor, Recorded{1, nullptr});
  post(actor, Recorded{1, nullptr});
  system.run();
  CHECK(system.roster()->facts().empty());
  CHECK(system.roster()->dead_letters() == 2);
  post(actor, Recorded{1, nullptr});
  CHECK(system.roster()->dead_letters() == 3);
}

TEST_CASE("any actor describes itself", "[roster]") {
  TestSystem system;
  EventReaderActor actor = system.system().spawn<Spawner>();
  post(actor, Recorded{2, nullptr});
  Json described;
  caf::anon_send(caf::actor_cast<caf::actor>(actor),
                 DescribeYourself{[&](Json state) { described = std::move(state); }});
  system.run();
  CHECK(described == Json{{"children", 1}});
}

TEST_CASE("a traced actor's messages are told, in and out, within a limit", "[roster]") {
  std::vector<TracedMessage> traced;  // outlives the actors, which are traced to their end
  TestSystem system;
  EventReaderActor actor = system.system().spawn<Spawner>();
  system.run();
  const auto id = system.roster()->facts().at(0).id;
  system.roster()->on_trace([&](const TracedMessage& message) { traced.push_back(message); });
  post(actor, Recorded{2, nullptr});
  system.run();
  CHECK(traced.empty());

  system.roster()->find(id)->trace(true);
  post(actor, Recorded{2, nullptr});
  system.run();
  REQUIRE(traced.size() == 2);
  CHECK(traced[0].is_out);
  CHECK(traced[0].type == "Recorded");
  CHECK(traced[0].other.starts_with("spawner actor-"));
  CHECK_FALSE(traced[1].is_out);
  CHECK(traced[1].actor == id);

  traced.clear();
  for (int i = 0; i < 1000; ++i)
    post(actor, Recorded{1, nullptr});
  system.run();
  CHECK(traced.size() >= 198);
  CHECK(traced.size() < 600);  // the second may turn in between
}

TEST_CASE("faces are shown, and a change of one is told once", "[roster]") {
  Vitals vitals{"vm", 7};
  ActorFace face;
  face.state = "ready";
  face.since = Instant{Duration{1}};
  face.parts.push_back({"browser", "ready", 42, 1, Instant{Duration{2}}, ""});
  CHECK(vitals.show(face));
  CHECK_FALSE(vitals.show(face));
  face.parts.front().restarts = 2;
  CHECK(vitals.show(face));
  CHECK(vitals.facts().face == face);
}

TEST_CASE("who has handled for long is seen", "[roster]") {
  Vitals vitals{"ledger", 1};
  vitals.on_arrival();
  const auto began = vitals.begin(1);
  const auto facts = vitals.facts();
  REQUIRE(facts.busy_for);
  CHECK(facts.mailbox == 1);
  vitals.end(began);
  CHECK_FALSE(vitals.facts().busy_for);
  CHECK(vitals.facts().mailbox == 0);
  CHECK(vitals.facts().p50 > nanoseconds{0});

  // Also where its time is not measured.
  for (int i = 0; i < 99; ++i) {
    vitals.on_arrival();
    vitals.end(vitals.begin(1));
  }
  vitals.on_arrival();
  vitals.on_arrival();
  REQUIRE(vitals.begin(1) == 0);
  const auto stuck = vitals.facts();
  REQUIRE(stuck.busy_for);
  CHECK(*stuck.busy_for < std::chrono::minutes{1});
  CHECK_FALSE(stuck.busy_with.empty());
}

TEST_CASE("the oldest that waits is no older than is said", "[roster]") {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds tick{10};  // of the clock that is read where it must be cheap
  Vitals vitals{"ledger", 1};
  auto first = Clock::now();
  const auto arrive = [&](int count) {
    // What was known of those before is long ago, to be told from what is known of these.
    for (first = Clock::now(); Clock::now() - first < 5 * tick;) {
    }
    first = Clock::now();
    for (int i = 0; i < count; ++i)
      vitals.on_arrival();
  };
  const auto is_bounded = [&] {
    const auto facts = vitals.facts();
    const auto most = Clock::now() - first + tick;
    return facts.oldest <= most && facts.busy_for.value_or(nanoseconds{0}) <= most;
  };
  const auto handle = [&] {
    const auto began = vitals.begin(1);
    CHECK(is_bounded());
    vitals.end(began);
    CHECK(is_bounded());
  };
  CHECK(vitals.facts().oldest == nanoseconds{0});
  for (int i = 0; i < 70; ++i) {  // beyond those whose time is always measured
    vitals.on_arrival();
    vitals.end(vitals.begin(1));
  }
  for (const int count : {1, 5, 1, 2, 3}) {
    arrive(count);
    CHECK(is_bounded());
    for (int i = 0; i < count; ++i)
      handle();
    CHECK(vitals.facts().oldest == nanoseconds{0});
  }
  // One that comes while another is handled is the next one's business.
  arrive(2);
  const auto began = vitals.begin(1);
  vitals.on_arrival();
  vitals.end(began);
  handle();
  handle();
  arrive(1);
  handle();
}

TEST_CASE("more types than there is room for are counted together", "[roster]") {
  Vitals vitals{"ledger", 1};
  for (Vitals::TypeKey type = 1; type <= 39; ++type) {
    vitals.on_arrival();
    vitals.end(vitals.begin(type));
  }
  const auto facts = vitals.facts();
  std::uint64_t counted = 0;
  for (const auto& [type, count] : facts.by_type)
    counted += count;
  CHECK(counted == 39);
  CHECK(facts.by_type.contains("other"));
}
