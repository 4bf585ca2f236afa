// A viewer's network is replaced while a picture moves: from the cut to the next new picture
// decoded in its page. Once the way of the media alone, of which nobody is told (a relay or a
// translator of addresses that drops its flows), and once the whole network, as a device that
// changes from one to another: its link goes down, its address and its socket with it, and another
// comes up. And the way of the media under a picture that stands still, from the first key on that
// somebody presses: before it there is nothing to miss.

#include <thread>

#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/report.hpp"
#include "tests/support/chromium.hpp"
#include "tests/support/media_path.hpp"
#include "tests/support/moving_network.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using namespace aerie;

namespace {

constexpr int moves = 20;
constexpr auto settling = 2s;
constexpr double target_ms = 1'000;

/// Guests have networks of their own, where only what needs no site is reached.
constexpr const char* moving_page =
    "data:text/html,<body style='margin:0'><p style='font-size:90px'></p><script>const show = () "
    "=> { document.querySelector('p').textContent = Math.round(performance.now()); "
    "requestAnimationFrame(show); }; show();</script>";

constexpr const char* still_page = "data:text/html,<p style='font-size:90px'>still</p>";

/// In each document: when each video element, a peer's each, had its first picture. A peer that has
/// lost its network shows none any more, so what comes after a cut is the first of another.
constexpr const char* recorder =
    "window.pictures = []; const seen = new WeakSet(); const play = "
    "HTMLMediaElement.prototype.play; HTMLMediaElement.prototype.play = function () { if "
    "(!seen.has(this)) { seen.add(this); this.requestVideoFrameCallback(() => "
    "pictures.push(performance.now())); } return play.call(this); };";

/// How long it takes, by the page's clock, until another peer's picture is there.
double measure(test::Page& page, const std::function<void()>& move) {
  std::this_thread::sleep_for(settling);
  const auto before = page.evaluate("pictures.length").get<std::size_t>();
  const auto cut = page.evaluate("performance.now()").get<double>();
  move();
  const auto index = std::to_string(before);
  return page.wait_for("pictures[" + index + "]", 60s).get<double>() - cut;
}

test::StartedSession start(test::World& world, const char* url = moving_page) {
  auto session = world.start({{"url", url}});
  world.wait_for_state(session.id, "ready", 60s);
  return session;
}

std::vector<double> another_way(const char* url, bool types) {
  test::World world(test::World::Set{{"guests.hostNetwork", "true"}});
  const auto session = start(world, url);
  test::Chromium chromium;
  auto page = chromium.new_page("about:blank");
  page.in_every_document(recorder);
  test::MediaPath path(page);
  page.open(world.viewer(session.id, session.token));
  path.lay(60s);
  page.wait_for("pictures.length > 0", 60s);
  std::vector<double> samples;
  for (int i = 0; i < moves; ++i)
    samples.push_back(measure(page, [&] {
      path.cut();
      if (types) page.type("word");
      path.lay();
    }));
  return samples;
}

std::vector<double> another_network() {
  test::MovingNetwork network;
  test::World world(test::MovingNetwork::controller());
  const auto session = start(world);
  test::Chromium chromium({.network = network.path()});
  auto page = chromium.new_page("about:blank");
  page.in_every_document(recorder);
  page.open(world.viewer(session.id, session.token));
  page.wait_for("pictures.length > 0", 60s);
  std::vector<double> samples;
  for (int i = 0; i < moves; ++i)
    samples.push_back(measure(page, [&] { network.move(); }));
  return samples;
}

void run(const std::string& path) {
  bench::Report report("stream_move", "From the cut to the next picture, another network later");
  report.add("another way for the media", "ms", another_way(moving_page, false),
             {.p95 = target_ms});
  report.add("another way under a still picture, from a key on", "ms",
             another_way(still_page, true), {.p95 = target_ms});
  report.add("another network", "ms", another_network(), {.p95 = target_ms});
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::benchmark_main(count, arguments, "stream_move.json", run);
}
