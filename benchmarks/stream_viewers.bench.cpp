// What many viewers of one session cost the streamer and each other: one of them is a browser that
// looks at the pixels, one may be behind a slow network, and the others take the packets only, for
// this machine could not decode so many streams.

#include <algorithm>
#include <map>
#include <optional>
#include <thread>

#include "benchmarks/stream/contestant.hpp"
#include "benchmarks/stream/display.hpp"
#include "benchmarks/stream/projector.hpp"
#include "benchmarks/stream/receivers.hpp"
#include "benchmarks/stream/scenes.hpp"
#include "benchmarks/stream/viewer.hpp"
#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/processor_time.hpp"
#include "benchmarks/support/report.hpp"
#include "benchmarks/support/stopwatch.hpp"

using namespace std::chrono_literals;
using namespace aerie;

namespace {

constexpr unsigned seed = 8;
constexpr auto settling = 8s;  // the slow viewer's rate is found
constexpr int windows = 10;
constexpr auto window_time = 2s;
constexpr int slow_epoch = 2;         // the first is the browser's
constexpr double most_encodes = 1.1;  // a picture and codec
constexpr double most_processor = 5;  // of twenty viewers, of one's
constexpr double most_slowed = 1.25;  // a quick viewer's delay beside a slow one
const test::NetworkShape slow{.delay = 20ms, .rate = 1e6};

struct Case {
  const char* name;
  int viewers;
  bool has_slow = false;
  int of_vp8 = 0;  ///< the last ones
};
constexpr const char* alone = "1 viewer";
constexpr const char* most_alike = "20 viewers";
constexpr const char* most_with_slow = "20 viewers and a slow network";
constexpr Case cases[] = {
    {alone, 1},
    {"5 viewers", 5},
    {"5 viewers and a slow network", 5, true},
    {"10 viewers", 10},
    {"10 viewers and a slow network", 10, true},
    {most_alike, 20},
    {most_with_slow, 20, true},
    {"20 viewers and two codecs", 20, true, 10},
};

/// What was seen in one case.
struct Figures {
  std::vector<double> delays;     ///< of the browser's pictures
  double pictures = 0;            ///< of the browser's, a second
  std::vector<double> others;     ///< pictures a second of each other that is not slow
  std::optional<double> slow;     ///< of the slow one
  std::vector<double> processor;  ///< of the streamer, % of a core
  std::vector<double> receivers;  ///< of the other viewers' process
  std::vector<double> encodes;    ///< of all encoders, for each picture on the screen
  std::vector<double> encode_ms;  ///< for each of them
};

/// Everything that a case needs, settled.
class Scene {
 public:
  Scene(test::Chromium& chromium, const Case& which)
      : scene_(bench::video(window_)),
        streamer_(bench::contestants().front()),
        browser_(chromium, streamer_),
        receivers_(streamer_) {
    for (int epoch = slow_epoch; epoch <= which.viewers; ++epoch)
      receivers_.join(epoch, epoch > which.viewers - which.of_vp8 ? "vp8" : "h264",
                      which.has_slow && epoch == slow_epoch ? &relay_ : nullptr);
    relay_.set_shape(slow);
    browser_.look_away();
    const auto [x, y] = scene_->number_at();
    browser_.log_numbers(x, y);
    projector_.emplace(*scene_);
    listen_until(std::chrono::steady_clock::now() + settling, nullptr);
  }

  Figures measure(bool has_slow) {
    Figures figures;
    const double began = bench::monotonic_ms();
    const auto had = receivers_.pictures();
    for (int i = 0; i < windows; ++i)
      pass_window(figures);
    const double passed = bench::monotonic_ms() - began;
    for (const auto& [epoch, pictures] : receivers_.pictures()) {
      const double rate = (pictures - had.at(epoch)) * 1000 / passed;
      if (has_slow && epoch == slow_epoch)
        figures.slow = rate;
      else
        figures.others.push_back(rate);
    }
    for (const auto& [at, number] : browser_.logged())
      if (const double shown = projector_->shown_at(number); at >= began && shown > 0)
        figures.delays.push_back(at - shown);
    figures.pictures = static_cast<double>(figures.delays.size()) * 1000 / passed;
    return figures;
  }

 private:
  void pass_window(Figures& figures) {
    const bench::Stopwatch watch;
    const double streamer_before = bench::processor_ms(streamer_.pid());
    const double receivers_before = bench::processor_ms(receivers_.pid());
    listen_until(std::chrono::steady_clock::now() + window_time, &figures);
    const double streamer_used = bench::processor_ms(streamer_.pid()) - streamer_before;
    const double receivers_used = bench::processor_ms(receivers_.pid()) - receivers_before;
    figures.processor.push_back(100 * streamer_used / watch.ms());
    figures.receivers.push_back(100 * receivers_used / watch.ms());
  }

  void listen_until(bench::ControlledProcess::Time end, Figures* figures) {
    while (const auto message = streamer_.hear_before(end)) {
      if ((*message)["type"] != "stats") continue;
      const double at = bench::monotonic_ms();
      const double since = std::exchange(told_at_, at);
      if (figures != nullptr)
        note_encodes(*message, projector_->shown_between(since, at), *figures);
    }
  }

  static void note_encodes(const Json& stats, int shown, Figures& figures) {
    std::size_t encodes = 0;
    for (const auto& encoder : stats.at("encoders")) {
      encodes += encoder.at("encodeUs").size();
      for (const auto& microseconds : encoder.at("encodeUs"))
        figures.encode_ms.push_back(microseconds.get<double>() / 1000);
    }
    figures.encodes.push_back(static_cast<double>(encodes) / std::max(shown, 1));
  }

  bench::Display display_;
  bench::SceneWindow window_;
  std::unique_ptr<bench::Scene> scene_;
  test::UdpRelay relay_{seed};
  bench::RunningContestant streamer_;
  bench::Viewer browser_;
  bench::Receivers receivers_;
  std::optional<bench::Projector> projector_;
  double told_at_ = 0;
};

void report_case(bench::Report& report, const Case& which, const Figures& figures) {
  const auto what = [&](const char* of) { return std::string(of) + ", " + which.name; };
  const int codecs = which.of_vp8 > 0 ? 2 : 1;
  report.add(what("paint to pixel of a quick viewer"), "ms", figures.delays);
  report.add(what("pictures of a quick viewer"), "a second", {figures.pictures});
  if (!figures.others.empty())
    report.add(what("pictures of each other quick one"), "a second", figures.others);
  if (figures.slow) report.add(what("pictures of the slow one"), "a second", {*figures.slow});
  report.add(what("streamer"), "% of a core", figures.processor);
  report.add(what("the others' process"), "% of a core", figures.receivers);
  report.add(what("encodes for a picture"), "encodes", figures.encodes,
             {.p50 = most_encodes * codecs});
  report.add(what("time to encode one"), "ms", figures.encode_ms);
}

void compare(bench::Report& report, const std::map<std::string, Figures>& all) {
  constexpr double median = 0.5;
  const auto share = [&](const std::string& of, const std::string& and_of,
                         std::vector<double> Figures::*figure) {
    return bench::percentile(all.at(of).*figure, median) /
           bench::percentile(all.at(and_of).*figure, median);
  };
  if (all.contains(alone) && all.contains(most_alike)) {
    report.add("streamer with 20 viewers", "of one viewer's",
               {share(most_alike, alone, &Figures::processor)}, {.p50 = most_processor});
    report.add("time to encode with 20 viewers", "of one viewer's",
               {share(most_alike, alone, &Figures::encode_ms)});
  }
  if (all.contains(most_alike) && all.contains(most_with_slow))
    report.add("paint to pixel beside a slow viewer, of 20", "of that without one",
               {share(most_with_slow, most_alike, &Figures::delays)}, {.p50 = most_slowed});
}

/// How processor time and delay grow with the viewers.
void draw(bench::Report& report, const std::map<std::string, Figures>& all) {
  constexpr double median = 0.5;
  bench::Report::Curve processor{"streamer", "viewers", "% of a core", {}};
  bench::Report::Curve delay{"a quick viewer", "viewers", "paint to pixel, ms", {}};
  for (const auto& which : cases) {
    const auto found = all.find(which.name);
    if (found == all.end() || which.of_vp8 > 0) continue;
    const auto* line = which.has_slow ? "one behind a slow network" : "all quick";
    processor.lines[line].emplace_back(which.viewers,
                                       bench::percentile(found->second.processor, median));
    delay.lines[line].emplace_back(which.viewers, bench::percentile(found->second.delays, median));
  }
  report.add(processor);
  report.add(delay);
}

void run(const std::string& path, const bench::Parts& chosen) {
  test::Chromium chromium;
  bench::Report report("stream_viewers", "Many viewers of one video of 30 pictures a second");
  std::map<std::string, Figures> all;
  for (const auto& which : cases) {
    if (!chosen.contains(which.name)) continue;
    Scene scene{chromium, which};
    all[which.name] = scene.measure(which.has_slow);
    report_case(report, which, all[which.name]);
  }
  compare(report, all);
  draw(report, all);
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::string> names;
  for (const auto& which : cases)
    names.emplace_back(which.name);
  return bench::benchmark_main(count, arguments, "stream_viewers.json", names, run);
}
