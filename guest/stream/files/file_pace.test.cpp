#include "guest/stream/files/file_pace.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using aerie::stream::FilePace;

namespace {

constexpr FilePace::Network quiet{7'000'000, 7'000'000, 0, 0ms};

/// Sends all that may go for so long, in steps of 20 ms; bits a second on average.
double run(FilePace& pace, FilePace::Time& now, std::chrono::milliseconds length,
           const FilePace::Network& network) {
  double bytes = 0;
  for (auto passed = 0ms; passed < length; passed += 20ms) {
    now += 20ms;
    const auto budget = pace.budget(now, network);
    pace.spend(budget);
    bytes += static_cast<double>(budget);
  }
  return bytes * 8 * 1000 / static_cast<double>(length.count());
}

}  // namespace

TEST_CASE("a file goes faster while the network has room, up to a bound", "[files][pace]") {
  FilePace pace;
  FilePace::Time now = 1s;
  const auto first = run(pace, now, 1s, quiet);
  CHECK(first > 0.9 * FilePace::first);
  CHECK(first < 1.5 * FilePace::first);
  run(pace, now, 10s, quiet);
  const auto last = run(pace, now, 1s, quiet);
  CHECK(last > 0.9 * FilePace::most);
  CHECK(last < 1.01 * FilePace::most);
}

TEST_CASE("at each sign of a full network it gives way to the video", "[files][pace]") {
  auto sign = GENERATE(values<FilePace::Network>(
      {{7'000'000, 7'000'000, 0.05, 0ms}, {7'000'000, 7'000'000, 0, 100ms}}));
  FilePace pace;
  FilePace::Time now = 1s;
  run(pace, now, 1s, quiet);
  const auto before = pace.rate();
  run(pace, now, 1s, sign);
  CHECK(pace.rate() < before / 16);
  run(pace, now, 20s, sign);
  CHECK(pace.rate() == FilePace::least);
}

TEST_CASE("an estimate that falls halves it, one that stays low bounds it", "[files][pace]") {
  FilePace pace;
  FilePace::Time now = 1s;
  run(pace, now, 1s, quiet);
  const auto before = pace.rate();
  auto limited = quiet;
  limited.target = 1'000'000;
  (void)pace.budget(now += 20ms, limited);
  CHECK(pace.rate() == before / 2);
  run(pace, now, 2s, limited);
  CHECK(run(pace, now, 2s, limited) <= 0.21 * limited.target);
}

TEST_CASE("time that nothing was asked for is not made up for", "[files][pace]") {
  FilePace pace;
  FilePace::Time now = 1s;
  (void)pace.budget(now, quiet);
  CHECK(pace.budget(now += 60s, quiet) <= 256 * 1024);
}
