// From the click that posts a session to the first frame decoded in the viewer's page, as one
// person's browser sees it: cold, and with a warm guest in the pool.

#include <thread>

#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/report.hpp"
#include "tests/support/chromium.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using namespace aerie;

namespace {

constexpr int starts = 10;
constexpr auto settling = 4s;

/// In each document: when the person clicked, and when the first video frame came.
constexpr const char* recorder =
    "addEventListener('click', () => sessionStorage.setItem('clicked', Date.now()), true);"
    "const look = () => { const video = document.querySelector('#screen'); if (video) "
    "video.requestVideoFrameCallback(() => { window.firstFrame = Date.now() - "
    "Number(sessionStorage.getItem('clicked')); }); };"
    "addEventListener('DOMContentLoaded', look);";

/// One start: milliseconds to the first frame. The session is ended, and gone, afterwards.
double start_once(test::World& world, test::Chromium& chromium) {
  auto page = chromium.new_page("http://" + world.address() + "/#token=" + world.token());
  page.in_every_document(recorder);
  page.reload();
  page.click("#go");
  const auto ms = page.wait_for("window.firstFrame", 60s).get<double>();
  const auto id = page.evaluate("location.pathname.split('/')[2]").get<std::string>();
  world.wait_for_state(id, "ready", 60s);
  world.http().remove("/api/v1/sessions/" + id + "?force=true");
  world.wait_for_state(id, "ended", 60s);
  return ms;
}

/// Returns some seconds after the pool's next guest is ready: as one that waited for a person.
void await_warm_guest(test::EventStream& events) {
  while (!events.next_of("vm.state", 60s).data["data"].value("warm", false)) {
  }
  std::this_thread::sleep_for(settling);
}

std::vector<double> cold() {
  test::World world;
  test::Chromium chromium;
  std::vector<double> samples;
  for (int i = 0; i < starts; ++i)
    samples.push_back(start_once(world, chromium));
  return samples;
}

std::vector<double> warm() {
  test::World world(test::World::Set{{"pool.browser", "1"}});
  test::Chromium chromium;
  auto events = world.events();
  std::vector<double> samples;
  for (int i = 0; i < starts; ++i) {
    await_warm_guest(events);
    samples.push_back(start_once(world, chromium));
  }
  return samples;
}

void run(const std::string& path) {
  bench::Report report("session_start", "From the click to the first decoded frame");
  report.add("cold", "ms", cold(), {.p50 = 2000});
  report.add("with a warm guest", "ms", warm(), {.p50 = 400});
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::benchmark_main(count, arguments, "session_start.json", run);
}
