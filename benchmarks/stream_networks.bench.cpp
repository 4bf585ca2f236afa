// How a stream fares on bad networks, ours and the pipelines that others use, each behind the same
// relay on the same screen: how late pictures are, how long none comes, how soon they are back
// after an outage.

#include <algorithm>
#include <cmath>
#include <thread>
#include <utility>

#include "benchmarks/stream/contestant.hpp"
#include "benchmarks/stream/display.hpp"
#include "benchmarks/stream/projector.hpp"
#include "benchmarks/stream/scenes.hpp"
#include "benchmarks/stream/viewer.hpp"
#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/report.hpp"
#include "tests/support/udp_relay.hpp"

using namespace std::chrono_literals;
using namespace aerie;

namespace {

constexpr unsigned seed = 8;
constexpr auto settling = 2s;  // on a good network
constexpr double whole_ms = 20'000;
constexpr double cut_from_ms = 5'000;
constexpr double cut_until_ms = 8'000;
constexpr double end_ms = 5'000;  // what is looked at to see whether delays have grown
constexpr double longest_freeze_ms = 1'000;
constexpr double recovery_ms = 2'000;
constexpr double last_delay_ms = 1'000;

struct Network {
  const char* name;
  test::NetworkShape shape;
  bool has_outage = false;
  bool must_not_freeze = false;
  const char* codec = "";  ///< that the viewer takes alone; of ours only, a peer has one
};

const Network networks[] = {
    {.name = "good", .shape = {}, .must_not_freeze = true},
    {.name = "2 % loss", .shape = {.delay = 20ms, .loss = 0.02}, .must_not_freeze = true},
    {.name = "10 % loss", .shape = {.delay = 20ms, .loss = 0.1}},
    {.name = "2 % loss for a viewer of VP8",
     .shape = {.delay = 20ms, .loss = 0.02},
     .must_not_freeze = true,
     .codec = "VP8"},
    {.name = "10 % loss for a viewer of VP8",
     .shape = {.delay = 20ms, .loss = 0.1},
     .codec = "VP8"},
    {.name = "100 ± 30 ms", .shape = {.delay = 100ms, .jitter = 30ms}},
    {.name = "1 Mbit/s", .shape = {.delay = 20ms, .rate = 1e6}},
    {.name = "300 kbit/s", .shape = {.delay = 20ms, .rate = 3e5}},
    {.name = "outage of 3 s", .shape = {.delay = 20ms}, .has_outage = true},
    {.name = "1 in 20 overtaken", .shape = {.delay = 20ms, .overtaken = 0.05}},
};

/// A picture in the viewer, milliseconds since the network became bad.
struct Seen {
  double at = 0;
  double shown = 0;
};

void pass(const Network& network, test::UdpRelay& relay) {
  const auto wait = [](double ms) {
    std::this_thread::sleep_for(std::chrono::duration<double, std::milli>{ms});
  };
  relay.set_shape(network.shape);
  if (!network.has_outage) return wait(whole_ms);
  wait(cut_from_ms);
  auto cut = network.shape;
  cut.is_cut = true;
  relay.set_shape(cut);
  wait(cut_until_ms - cut_from_ms);
  relay.set_shape(network.shape);
  wait(whole_ms - cut_until_ms);
}

std::vector<Seen> watch(test::Chromium& chromium, const bench::Contestant& contestant,
                        const Network& network) {
  const bench::Display display;
  bench::SceneWindow window;
  const auto scene = bench::video(window);
  bench::RunningContestant streamer{contestant};
  test::UdpRelay relay{seed};
  bench::Viewer viewer{chromium, streamer, &relay, network.codec};
  viewer.look_away();
  const auto [x, y] = scene->number_at();
  viewer.log_numbers(x, y);
  bench::Projector projector{*scene};
  std::this_thread::sleep_for(settling);
  const double began = bench::monotonic_ms();
  pass(network, relay);
  std::vector<Seen> pictures;
  for (const auto& noted : viewer.logged()) {
    const double shown = projector.shown_at(noted.number);
    if (noted.at < began || noted.at > began + whole_ms || shown == 0) continue;
    pictures.push_back({noted.at - began, shown - began});
  }
  return pictures;
}

/// The longest times without a new picture: every one, so that there are percentiles.
std::vector<double> gaps(const std::vector<Seen>& pictures) {
  std::vector<double> all;
  double last = 0;
  for (const auto& picture : pictures)
    all.push_back(picture.at - std::exchange(last, picture.at));
  all.push_back(whole_ms - last);
  return all;
}

std::vector<double> delays(const std::vector<Seen>& pictures, double from_ms) {
  std::vector<double> all;
  for (const auto& picture : pictures)
    if (picture.at >= from_ms) all.push_back(picture.at - picture.shown);
  if (all.empty()) all.push_back(whole_ms);  // nothing came
  return all;
}

/// Until the first picture that was shown after the outage.
double recovery(const std::vector<Seen>& pictures) {
  for (const auto& picture : pictures)
    if (picture.shown >= cut_until_ms) return picture.at - cut_until_ms;
  return whole_ms;
}

/// The worst delay of each fifth of a second; where no picture came for a second or longer, that
/// time's begin and end without a delay.
std::vector<std::pair<double, double>> curve(const std::vector<Seen>& pictures) {
  constexpr double step_ms = 200;
  std::vector<std::pair<double, double>> points;
  double last_ms = 0;
  const auto note_gap = [&](double until_ms) {
    const double from_ms = std::exchange(last_ms, until_ms);
    if (until_ms - from_ms < longest_freeze_ms) return;
    points.emplace_back(from_ms / 1000, bench::Report::nothing);
    points.emplace_back(until_ms / 1000, bench::Report::nothing);
  };
  for (const auto& picture : pictures) {
    note_gap(picture.at);
    const double at = (std::floor(picture.at / step_ms) + 0.5) * step_ms / 1000;
    const double delay = picture.at - picture.shown;
    if (points.empty() || points.back().first < at || std::isnan(points.back().second))
      points.emplace_back(at, delay);
    else
      points.back().second = std::max(points.back().second, delay);
  }
  note_gap(whole_ms);
  return points;
}

void report_network(bench::Report& report, test::Chromium& chromium, const Network& network) {
  bench::Report::Curve lines{network.name, "time, s", "delay, ms", {}};
  for (const auto& contestant : bench::contestants()) {
    const bool is_ours = contestant.name == bench::contestants().front().name;
    if (!is_ours && *network.codec != '\0') continue;
    const auto pictures = watch(chromium, contestant, network);
    const auto what = [&](const char* of) {
      return std::string(network.name) + ", " + contestant.name + ": " + of;
    };
    const auto all_gaps = gaps(pictures);
    report.add(what("paint to pixel"), "ms", delays(pictures, 0));
    report.add(what("longest freeze"), "ms", {*std::max_element(all_gaps.begin(), all_gaps.end())},
               {.p50 = is_ours && network.must_not_freeze ? longest_freeze_ms : 0});
    report.add(what("paint to pixel in the last 5 s"), "ms", delays(pictures, whole_ms - end_ms),
               {.p95 = is_ours ? last_delay_ms : 0});
    report.add(what("pictures"), "a second",
               {static_cast<double>(pictures.size()) * 1000 / whole_ms});
    if (network.has_outage)
      report.add(what("recovery"), "ms", {recovery(pictures)}, {.p50 = is_ours ? recovery_ms : 0});
    lines.lines[contestant.name] = curve(pictures);
  }
  report.add(lines);
}

void run(const std::string& path, const bench::Parts& chosen) {
  test::Chromium chromium;
  bench::Report report("stream_networks", "A video of 30 pictures a second on bad networks");
  for (const auto& network : networks)
    if (chosen.contains(network.name)) report_network(report, chromium, network);
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::string> names;
  for (const auto& network : networks)
    names.emplace_back(network.name);
  return bench::benchmark_main(count, arguments, "stream_networks.json", names, run);
}
