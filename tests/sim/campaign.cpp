#include "tests/sim/campaign.hpp"

#include <array>
#include <cstdio>
#include <ctime>
#include <map>
#include <string>
#include <vector>

#include "actors/core/planted.hpp"
#include "tests/sim/history.hpp"
#include "tests/sim/shrink.hpp"

namespace aerie::sim {
namespace {

using Printed = unsigned long long;  // as printf wants it

/// What all histories of a campaign came to.
class Tally {
 public:
  void add(std::uint64_t seed, const Outcome& outcome) {
    ++histories_;
    lives_ += outcome.lives;
    steps_ += outcome.steps;
    digest_ = (digest_ ^ outcome.digest) * 0x100000001b3U;
    if (outcome.violation) broken_[outcome.violation->rule].push_back(seed);
  }
  [[nodiscard]] bool is_well() const { return broken_.empty(); }

  void print(const char* what) const {
    // Of this process's own: it has one thread, and others may use the processor as well.
    const auto seconds = static_cast<double>(std::clock() - began_) / CLOCKS_PER_SEC;
    for (const auto& [rule, seeds] : broken_)
      std::printf("%zu histories break the rule '%s', the first with seed %llu\n", seeds.size(),
                  rule.c_str(), static_cast<Printed>(seeds.front()));
    std::printf(
        "%s: %llu histories, %llu controllers, %llu steps in %.1f s of one core (%.1f million a "
        "minute), "
        "digest %016llx\n",
        what, static_cast<Printed>(histories_), static_cast<Printed>(lives_),
        static_cast<Printed>(steps_), seconds, static_cast<double>(steps_) / seconds * 60 / 1e6,
        static_cast<Printed>(digest_));
  }

 private:
  std::clock_t began_ = std::clock();
  std::uint64_t histories_ = 0;
  std::uint64_t lives_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t digest_ = 0;
  std::map<std::string, std::vector<std::uint64_t>> broken_;  ///< seeds by rule
};

void print_failure(std::uint64_t seed, const Plan& plan, const Violation& found) {
  std::printf("seed %llu breaks the rule '%s': %s\n", static_cast<Printed>(seed),
              found.rule.c_str(), found.text.c_str());
  const auto shortest = shrink(plan, found.rule);
  const auto again = play(shortest, true);
  std::printf("the shortest history found (%zu of %zu operations%s):\n", shortest.operations.size(),
              plan.operations.size(), shortest.schedule == 0 ? ", actors in order of arrival" : "");
  for (const auto& operation : shortest.operations)
    std::printf("  %s\n", describe(operation).c_str());
  std::printf("its last steps:\n");
  for (const auto& line : again.log)
    std::printf("  %s\n", line.c_str());
  if (again.violation) std::printf("  %s\n", again.violation->text.c_str());
}

/// Plants a mistake for as long as it lives.
class Planting {
 public:
  explicit Planting(PlantedBug bug) { planted_bug = bug; }
  Planting(const Planting&) = delete;
  Planting& operator=(const Planting&) = delete;
  ~Planting() { planted_bug = PlantedBug::none; }
};

bool breaks(const Plan& plan, PlantedBug bug, const std::string& rule) {
  const Planting planting{bug};
  const auto outcome = play(plan);
  return outcome.violation && outcome.violation->rule == rule;
}

}  // namespace

bool explore(const Seeds& seeds) {
  Tally tally;
  for (auto seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
    const auto plan = make_plan(seed);
    const auto outcome = play(plan);
    if (outcome.violation && tally.is_well()) print_failure(seed, plan, *outcome.violation);
    tally.add(seed, outcome);
  }
  tally.print("at random");
  return tally.is_well();
}

bool repeat(const Seeds& seeds) {
  for (auto seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
    const auto plan = make_plan(seed);
    const auto first = play(plan);
    const auto second = play(plan);
    if (first.digest == second.digest && first.steps == second.steps) continue;
    std::printf("seed %llu gave two histories: %llu and %llu steps\n", static_cast<Printed>(seed),
                static_cast<Printed>(first.steps), static_cast<Printed>(second.steps));
    return false;
  }
  std::printf("twice: %llu seeds gave the same history again\n", static_cast<Printed>(seeds.count));
  return true;
}

bool die_at_every_write(const Seeds& seeds) {
  Tally tally;
  for (auto seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
    auto plan = make_plan(seed);
    std::erase_if(plan.operations, [](const Operation& operation) {
      return operation.act == Act::controller_dies_at_write;
    });
    const auto writes = play(plan).writes;
    for (std::uint64_t write = 1; write <= writes; ++write)
      for (const std::uint64_t is_durable : {0, 1}) {
        auto deadly = plan;
        deadly.operations.insert(deadly.operations.begin(),
                                 {Duration{0}, Act::controller_dies_at_write, is_durable, write});
        const auto outcome = play(deadly);
        if (outcome.violation && tally.is_well()) print_failure(seed, deadly, *outcome.violation);
        tally.add(seed, outcome);
      }
  }
  tally.print("death at every write");
  return tally.is_well();
}

bool find_planted(const Seeds& seeds) {
  struct Expected {
    PlantedBug bug;
    const char* name;
    const char* rule;
  };
  static constexpr std::array all{
      Expected{PlantedBug::stale_consent, "stale consent", "hold"},
      Expected{PlantedBug::release_before_tombstone, "release before the tombstone", "tombstone"},
      Expected{PlantedBug::forgotten_resource, "a resource forgotten on restart", "convergence"}};
  bool is_well = true;
  for (const auto& [bug, name, rule] : all) {
    auto seed = seeds.first;
    const auto end = seeds.first + seeds.count;
    const auto shows = [&] {
      const auto plan = make_plan(seed);
      return breaks(plan, bug, rule) && !breaks(plan, PlantedBug::none, rule);
    };
    while (seed < end && !shows())
      ++seed;
    if (seed < end)
      std::printf("planted, %s: found by seed %llu\n", name, static_cast<Printed>(seed));
    else
      std::printf("planted, %s: not found by %llu seeds\n", name,
                  static_cast<Printed>(seeds.count));
    is_well = is_well && seed < end;
  }
  return is_well;
}

}  // namespace aerie::sim
