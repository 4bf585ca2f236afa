// What a streamer costs with one viewer at 1280x720 and what one gets for it, ours and the
// pipelines that others use in turn on the same screens: processor time, bits, and how alike the
// viewer's pictures are to those on the screen.

#include <map>
#include <stop_token>
#include <thread>

#include "benchmarks/stream/contestant.hpp"
#include "benchmarks/stream/display.hpp"
#include "benchmarks/stream/scenes.hpp"
#include "benchmarks/stream/viewer.hpp"
#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/processor_time.hpp"
#include "benchmarks/support/report.hpp"
#include "benchmarks/support/stopwatch.hpp"

using namespace std::chrono_literals;
using namespace aerie;

namespace {

constexpr int windows = 8;
constexpr auto window_time = 2s;
constexpr auto settling = 3s;
constexpr int reference_every = 30;  // pictures
constexpr int page_turns = 12;

/// What a streamer cost on one scene.
struct Cost {
  std::vector<double> processor;  ///< of the streamer, % of a core
  std::vector<double> display;    ///< of the X server, which captures for it
  std::vector<double> kilobits;   ///< a second
  std::vector<double> frames;     ///< a second
  std::vector<double> alike;      ///< SSIM of pictures while they move
};

/// Shows a scene's pictures, one after another, from a thread of its own, and keeps each
/// `reference_every`th.
class Projector {
 public:
  Projector(bench::Scene& scene, bench::SceneWindow& window)
      : thread_([&](const std::stop_token& end) { run(end, scene, window); }) {}
  /// Ends it; what was shown, by number.
  std::map<int, std::vector<std::uint8_t>> references() {
    thread_.request_stop();
    thread_.join();
    return std::move(references_);
  }

 private:
  void run(const std::stop_token& end, bench::Scene& scene, bench::SceneWindow& window) {
    if (scene.interval() == 0us) return;
    auto next = std::chrono::steady_clock::now();
    for (int number = 1; !end.stop_requested(); ++number) {
      scene.show(number);
      if (number % reference_every == 0) references_[number] = window.picture();
      std::this_thread::sleep_until(next += scene.interval());
    }
  }
  std::map<int, std::vector<std::uint8_t>> references_;
  std::jthread thread_;
};

void take_samples(bench::Viewer& viewer, pid_t streamer, pid_t display, Cost& cost) {
  for (int i = 0; i < windows; ++i) {
    const bench::Stopwatch watch;
    const auto before = viewer.totals();
    const double streamer_before = bench::processor_ms(streamer);
    const double display_before = bench::processor_ms(display);
    std::this_thread::sleep_for(window_time);
    const double streamer_used = bench::processor_ms(streamer) - streamer_before;
    const double display_used = bench::processor_ms(display) - display_before;
    const auto after = viewer.totals();
    const double passed = watch.ms();
    cost.processor.push_back(100 * streamer_used / passed);
    cost.display.push_back(100 * display_used / passed);
    cost.kilobits.push_back((after.bytes - before.bytes) * 8 / passed);
    cost.frames.push_back((after.frames - before.frames) * 1000 / passed);
  }
}

using MakeScene = std::unique_ptr<bench::Scene> (*)(bench::SceneWindow&);

Cost measure(test::Chromium& chromium, const bench::Contestant& contestant, MakeScene make) {
  const bench::Display display;
  bench::SceneWindow window;
  const auto scene = make(window);
  bench::RunningContestant streamer{contestant};
  bench::Viewer viewer{chromium, streamer};
  viewer.look_away();
  Projector projector{*scene, window};
  std::this_thread::sleep_for(settling);
  const auto [x, y] = scene->number_at();
  if (scene->interval() == 33'333us) viewer.collect(x, y, reference_every, 2 * windows);
  Cost cost;
  take_samples(viewer, streamer.pid(), display.pid(), cost);
  const auto references = projector.references();
  for (const auto& [number, picture] : viewer.collected())
    if (const auto found = references.find(number); found != references.end())
      cost.alike.push_back(bench::similarity(found->second, picture));
  return cost;
}

/// How alike a page of text is half a second after it was turned.
std::vector<double> sharpness(test::Chromium& chromium, const bench::Contestant& contestant) {
  const bench::Display display;
  bench::SceneWindow window;
  const auto scene = bench::still_text(window);
  bench::RunningContestant streamer{contestant};
  bench::Viewer viewer{chromium, streamer};
  viewer.look_away();
  std::vector<double> alike;
  for (int page = 0; page < page_turns; ++page) {
    bench::write_page(window, static_cast<unsigned>(page) + 10);
    window.show({0, 0, bench::Display::width, bench::Display::height});
    std::this_thread::sleep_for(500ms);
    const auto seen = viewer.last_picture();
    alike.push_back(bench::similarity(window.picture(), seen));
  }
  return alike;
}

struct Part {
  const char* name;
  MakeScene make;
  double most_processor;  ///< of ours, % of a core
  double most_kilobits;
  double share;  ///< of the better peer's processor time
};

constexpr Part parts[] = {
    {"still text", bench::still_text, 1, 5, 0},
    {"blinking cursor", bench::blinking_cursor, 3, 0, 0},
    {"scrolling text", bench::scrolling_text, 0, 0, 0.7},
    {"video at 30 fps", bench::video, 0, 0, 0.7},
};
constexpr const char* sharpness_part = "text 500 ms after a change";

void report_part(bench::Report& report, test::Chromium& chromium, const Part& part) {
  double ours = 0;
  double best_peer = 1e9;
  double our_likeness = 0;
  double best_likeness = 0;
  for (const auto& contestant : bench::contestants()) {
    const bool is_ours = contestant.name == bench::contestants().front().name;
    const auto cost = measure(chromium, contestant, part.make);
    const auto what = [&](const char* of) {
      return std::string(part.name) + ", " + contestant.name + ": " + of;
    };
    report.add(what("processor"), "% of a core", cost.processor,
               {.p50 = is_ours ? part.most_processor : 0});
    report.add(what("X server"), "% of a core", cost.display);
    report.add(what("bits"), "kbit/s", cost.kilobits, {.p50 = is_ours ? part.most_kilobits : 0});
    report.add(what("frames"), "frames/s", cost.frames);
    const double processor = bench::percentile(cost.processor, 0.5);
    const double likeness = cost.alike.empty() ? 0 : bench::percentile(cost.alike, 0.5);
    if (!cost.alike.empty()) report.add(what("likeness"), "SSIM", cost.alike);
    (is_ours ? ours : best_peer) = is_ours ? processor : std::min(best_peer, processor);
    (is_ours ? our_likeness : best_likeness) =
        is_ours ? likeness : std::max(best_likeness, likeness);
  }
  if (part.share <= 0) return;
  report.add(std::string(part.name) + ", processor of ours", "of the better peer's",
             {ours / best_peer}, {.p50 = part.share});
  report.add(std::string(part.name) + ", likeness lost by the better peer", "of ours",
             {(1 - best_likeness) / (1 - our_likeness)});
}

void run(const std::string& path, const bench::Parts& chosen) {
  test::Chromium chromium;
  bench::Report report("stream_cost", "A streamer at 1280x720 with one viewer");
  for (const auto& part : parts)
    if (chosen.contains(part.name)) report_part(report, chromium, part);
  if (chosen.contains(sharpness_part))
    for (const auto& contestant : bench::contestants())
      report.add(std::string(sharpness_part) + ", " + contestant.name, "SSIM",
                 sharpness(chromium, contestant));
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::string> names{sharpness_part};
  for (const auto& part : parts)
    names.emplace_back(part.name);
  return bench::benchmark_main(count, arguments, "stream_cost.json", names, run);
}
