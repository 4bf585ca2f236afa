#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "tests/sim/history.hpp"
#include "tests/sim/shrink.hpp"

// `./run sim`: the real actors in a simulated world, one seed a history.

namespace aerie::sim {
namespace {

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t runs = 2'000;
  bool verbose = false;
};

void print_failure(std::uint64_t seed, const Plan& plan, const Violation& found) {
  std::printf("seed %llu breaks %s: %s\n", static_cast<unsigned long long>(seed),
              found.rule.c_str(), found.text.c_str());
  const auto shortest = shrink(plan, found.rule);
  const auto again = play(shortest, true);
  std::printf("the shortest history found (%zu of %zu operations%s):\n", shortest.operations.size(),
              plan.operations.size(), shortest.schedule == 0 ? ", actors in order of arrival" : "");
  for (const auto& operation : shortest.operations)
    std::printf("  %s\n", describe(operation).c_str());
  if (!again.violation) return;
  std::printf("its last steps:\n");
  for (const auto& line : again.log)
    std::printf("  %s\n", line.c_str());
  std::printf("%s: %s\n", again.violation->rule.c_str(), again.violation->text.c_str());
}

int run(const Options& options) {
  const auto began = std::chrono::steady_clock::now();
  std::uint64_t steps = 0;
  std::uint64_t lives = 0;
  std::uint64_t digest = 0;
  std::uint64_t failed = 0;
  std::map<std::string, int> broken;
  for (auto seed = options.seed; seed < options.seed + options.runs; ++seed) {
    const auto plan = make_plan(seed);
    const auto outcome = play(plan);
    steps += outcome.steps;
    lives += outcome.lives;
    digest = (digest ^ outcome.digest) * 0x100000001b3U;
    if (!outcome.violation) continue;
    ++broken[outcome.violation->rule];
    if (options.verbose)
      std::printf("%llu %s: %s\n", static_cast<unsigned long long>(seed),
                  outcome.violation->rule.c_str(), outcome.violation->text.c_str());
    if (failed++ == 0) print_failure(seed, plan, *outcome.violation);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  for (const auto& [rule, count] : broken)
    std::printf("%d histories break %s\n", count, rule.c_str());
  std::printf("%llu histories, %llu controllers, %llu steps in %.1f s: %.2f million a minute\n",
              static_cast<unsigned long long>(options.runs), static_cast<unsigned long long>(lives),
              static_cast<unsigned long long>(steps), took.count(),
              static_cast<double>(steps) / took.count() * 60 / 1e6);
  std::printf("digest %016llx\n", static_cast<unsigned long long>(digest));
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace aerie::sim

int main(int argc, char** argv) {
  aerie::sim::Options options;
  CLI::App app{"Plays random histories of the whole system in virtual time."};
  app.add_option("--seed", options.seed, "the first seed")->check(CLI::PositiveNumber);
  app.add_option("--runs", options.runs, "how many seeds from there on")
      ->check(CLI::PositiveNumber);
  app.add_flag("--verbose", options.verbose, "name every history that breaks a rule");
  CLI11_PARSE(app, argc, argv);
  return aerie::sim::run(options);
}
