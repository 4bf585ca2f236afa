// What the streamer costs on the default profile at 1280x720 with one viewer: processor time with a
// still screen and with a moving one, and the frames that arrive of the moving one.

#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/report.hpp"
#include "benchmarks/support/stopwatch.hpp"
#include "tests/support/chromium.hpp"
#include "tests/support/descendants.hpp"
#include "tests/support/site.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using namespace aerie;

namespace {

constexpr int windows = 10;

constexpr const char* still_page =
    "<!doctype html><title>still</title><body style='background:#274'><h1>Nothing moves</h1>";

/// Every pixel changes in every frame, as it does when one scrolls.
constexpr const char* moving_page =
    "<!doctype html><title>moving</title><style>body{margin:0;height:100vh;"
    "background:repeating-linear-gradient(45deg,#274,#274 30px,#fa4 30px,#fa4 60px)}</style>"
    "<script>let n=0;const step=()=>{document.body.style.backgroundPositionX=(n+=4)+'px';"
    "requestAnimationFrame(step)};addEventListener('load',step)</script>";

struct Cost {
  std::vector<double> processor;  ///< % of a core, one sample a second
  std::vector<double> frames;     ///< a second
};

/// Counts decoded frames over a second of the viewer's clock.
constexpr const char* count_frames =
    "new Promise((resolve) => { const video = document.querySelector('#screen'); const before = "
    "video.getVideoPlaybackQuality().totalVideoFrames; setTimeout(() => "
    "resolve(video.getVideoPlaybackQuality().totalVideoFrames - before), 1000); })";

/// The one that streams and the one that stands by.
std::vector<pid_t> streamers() {
  return test::descendants("aerie-stream");
}

double used_so_far() {
  double seconds = 0;
  for (const auto pid : streamers())
    seconds += test::processor_seconds(pid);
  return seconds;
}

Cost measure(const char* html) {
  test::Site site(html);
  test::World world(test::World::Set{{"guests.hostNetwork", "true"}});  // where the site is
  const auto session = world.start({{"url", site.url()}});
  test::Chromium chromium;
  auto page = chromium.new_page(world.viewer(session.id, session.token));
  page.wait_for("document.body.dataset.state === 'live'", 60s);
  world.wait_for_state(session.id, "ready", 60s);
  for (int settling = 0; settling < 5; ++settling)
    page.evaluate(count_frames);
  if (streamers().size() != 2) throw std::runtime_error("no streamer stands by");
  Cost cost;
  for (int i = 0; i < windows; ++i) {
    const bench::Stopwatch watch;
    const double before = used_so_far();
    const auto frames = page.evaluate(count_frames).get<double>();
    const double used = used_so_far() - before;
    cost.processor.push_back(100'000.0 * used / watch.ms());
    cost.frames.push_back(1000.0 * frames / watch.ms());
  }
  return cost;
}

void run(const std::string& path) {
  const auto still = measure(still_page);
  const auto moving = measure(moving_page);
  bench::Report report("stream_cost", "The streamer at 1280x720 with one viewer");
  report.add("still screen, processor", "% of a core", still.processor, {.p50 = 2});
  report.add("moving screen, processor", "% of a core", moving.processor);
  report.add("moving screen, frames", "frames a second", moving.frames);
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::benchmark_main(count, arguments, "stream_cost.json", run);
}
