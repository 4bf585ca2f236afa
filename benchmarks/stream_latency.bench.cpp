// How long a change on the screen needs to a viewer's pixel, and a viewer's key to the pixel that
// it changes: our streamer and the pipelines that others use, in turn on the same screen, over the
// same transport, in the same browser.

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <thread>

#include "benchmarks/stream/contestant.hpp"
#include "benchmarks/stream/display.hpp"
#include "benchmarks/stream/flip_window.hpp"
#include "benchmarks/stream/viewer.hpp"
#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/report.hpp"

using namespace std::chrono_literals;
using namespace aerie;

namespace {

constexpr int rounds = 4;  // the contestants take turns, so that a busy machine is so for all
constexpr int flips_a_round = 54;
constexpr int keys_a_round = 29;
constexpr int settling = 4;  // of either, not counted
constexpr double lost_ms = 3000;
constexpr unsigned seed = 8;

struct Samples {
  std::vector<double> paint;
  std::vector<double> paint_shown;
  std::vector<double> key;
  std::vector<double> key_shown;
};

/// A time that has nothing to do with anybody's frame rate.
void pass_time(std::mt19937& random) {
  constexpr unsigned least_ms = 100;
  constexpr unsigned spread_us = 200'000;
  std::this_thread::sleep_for(std::chrono::milliseconds{least_ms} +
                              std::chrono::microseconds{random() % spread_us});
}

void note(const std::optional<bench::Viewer::Seen>& seen, double since,
          std::vector<double>& decoded, std::vector<double>& shown) {
  decoded.push_back(seen ? seen->decoded - since : lost_ms);
  shown.push_back(seen ? seen->shown - since : lost_ms);
}

void play_round(bench::Viewer& viewer, bench::FlipWindow& window, std::mt19937& random,
                Samples& samples) {
  Samples round;
  for (int i = 0; i < flips_a_round; ++i) {
    pass_time(random);
    const double painted = bench::monotonic_ms();
    window.flip();
    note(viewer.became(window.is_bright()), painted, round.paint, round.paint_shown);
  }
  for (int i = 0; i < keys_a_round; ++i) {
    pass_time(random);
    const bool after = !window.is_bright();
    const double pressed = viewer.press_key();
    note(viewer.became(after), pressed, round.key, round.key_shown);
  }
  const auto keep = [](std::vector<double>& all, const std::vector<double>& more) {
    all.insert(all.end(), more.begin() + settling, more.end());
  };
  keep(samples.paint, round.paint);
  keep(samples.paint_shown, round.paint_shown);
  keep(samples.key, round.key);
  keep(samples.key_shown, round.key_shown);
}

/// Ours as a share of the better peer's, at a percentile.
double share_of_better(const std::map<std::string, Samples>& all, std::vector<double> Samples::*of,
                       double percentile) {
  double ours = 0;
  double theirs = std::numeric_limits<double>::max();
  for (const auto& [name, samples] : all) {
    const double value = bench::percentile(samples.*of, percentile);
    if (name == bench::contestants().front().name)
      ours = value;
    else
      theirs = std::min(theirs, value);
  }
  return ours / theirs;
}

void run(const std::string& path) {
  const bench::Display display;
  bench::FlipWindow window{{0, 0, bench::Display::width, bench::Display::height}};
  test::Chromium chromium;
  std::mt19937 random{seed};
  std::map<std::string, Samples> all;
  for (int round = 0; round < rounds; ++round)
    for (const auto& contestant : bench::contestants()) {
      bench::RunningContestant streamer{contestant};
      bench::Viewer viewer{chromium, streamer};
      play_round(viewer, window, random, all[contestant.name]);
    }
  bench::Report report("stream_latency",
                       "From a program's paint, and from a viewer's key, to the viewer's pixel");
  for (const auto& contestant : bench::contestants()) {
    const bool ours = contestant.name == bench::contestants().front().name;
    const auto& samples = all[contestant.name];
    const auto target = [&](bench::Report::Targets it) {
      return ours ? it : bench::Report::Targets{};
    };
    report.add("paint to pixel, " + contestant.name, "ms", samples.paint,
               target({.p50 = 20, .p95 = 35}));
    report.add("key to pixel, " + contestant.name, "ms", samples.key, target({.p50 = 40}));
    report.add("paint to page, " + contestant.name, "ms", samples.paint_shown);
    report.add("key to page, " + contestant.name, "ms", samples.key_shown);
  }
  constexpr double median = 0.5;
  report.add("paint to pixel, p50 of ours", "of the better peer's",
             {share_of_better(all, &Samples::paint, median)}, {.p50 = 0.5});
  report.add("key to pixel, p50 of ours", "of the better peer's",
             {share_of_better(all, &Samples::key, median)}, {.p50 = 0.5});
  report.add("paint to page, p50 of ours", "of the better peer's",
             {share_of_better(all, &Samples::paint_shown, median)});
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::benchmark_main(count, arguments, "stream_latency.json", run);
}
