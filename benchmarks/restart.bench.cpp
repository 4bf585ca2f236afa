// From the death of a child to the first instruction of its successor: aerie-guest, runit's runsv
// and s6-supervise with the same program, on the same machine, in turns.
#include <algorithm>
#include <ctime>
#include <functional>

#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/report.hpp"
#include "benchmarks/support/supervised_probe.hpp"

using namespace aerie;
using bench::SupervisedProbe;

namespace {

constexpr int supervisors_each = 10;  ///< so that 500 kills fit into 50 rounds
constexpr int rounds = 50;
constexpr int quick_kills = 10;
/// runsv and s6-supervise hold back what lived for less than a second: every child is older here,
/// and what they do to younger ones is told beside it.
constexpr timespec healthy_life{1, 50'000'000};

struct Contender {
  std::string name;
  std::vector<std::unique_ptr<SupervisedProbe>> probes;
  std::vector<double> after_health;
  std::vector<double> in_a_row;
};

void measure(Contender& contender) {
  for (auto& probe : contender.probes)
    contender.after_health.push_back(probe->kill_and_wait());
}

void run(const std::string& path) {
  Reactor reactor;
  std::vector<Contender> contenders;
  const std::vector<std::pair<std::string, std::function<decltype(bench::under_aerie)>>> kinds{
      {"aerie-guest", bench::under_aerie},
      {"runit's runsv", bench::under_runit},
      {"s6-supervise", bench::under_s6}};
  for (const auto& [name, make] : kinds) {
    auto& contender = contenders.emplace_back();
    contender.name = name;
    for (int i = 0; i < supervisors_each; ++i)
      contender.probes.push_back(make(reactor));
  }
  for (int round = 0; round < rounds; ++round) {
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &healthy_life, nullptr);
    // Each goes first as often as the others.
    for (std::size_t turn = 0; turn < contenders.size(); ++turn)
      measure(contenders[(static_cast<std::size_t>(round) + turn) % contenders.size()]);
  }
  for (auto& contender : contenders)
    for (int kill = 0; kill < quick_kills; ++kill)
      contender.in_a_row.push_back(contender.probes.front()->kill_and_wait());

  bench::Report report("restart", "From a child's death to its successor's first instruction");
  const auto& runit = contenders[1].after_health;
  const auto& s6 = contenders[2].after_health;
  const bench::Report::Targets faster_than_both{
      .p50 = std::min(bench::percentile(runit, 0.50), bench::percentile(s6, 0.50)),
      .p99 = std::min(bench::percentile(runit, 0.99), bench::percentile(s6, 0.99))};
  for (auto& contender : contenders)
    report.add(contender.name, "ms", contender.after_health,
               &contender == &contenders.front() ? faster_than_both : bench::Report::Targets{});
  for (auto& contender : contenders)
    report.add(contender.name + ", killed in a row", "ms, in a row", contender.in_a_row);
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::benchmark_main(count, arguments, "restart.json", run);
}
