// From `kill -9` of the streamer to the news on a viewer's WebSocket, and to the next video frame
// that a browser decoded.
#include <csignal>
#include <fstream>
#include <poll.h>
#include <sys/syscall.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/report.hpp"
#include "benchmarks/support/stopwatch.hpp"
#include "runtime/process/unique_fd.hpp"
#include "tests/support/chromium.hpp"
#include "tests/support/viewer_page.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using namespace aerie;

namespace {

constexpr int kills = 200;
constexpr auto between = 1500ms;

/// The default profile, but its streamer may die as often as it is killed here.
std::string patient_profile(const std::string& folder) {
  std::ifstream shipped(AERIE_SOURCE_FOLDER "/config/profiles/browser.json");
  auto profile = Json::parse(shipped);
  profile["name"] = "patient";
  profile["intensity"] = {{"restarts", 1000}, {"withinMs", 1000}};
  for (auto& child : profile["children"])
    child["backoff"] = {{"firstMs", 0}, {"maxMs", 0}};
  std::ofstream(folder + "/patient.json") << profile;
  return folder;
}

/// The pid of the streamer that started next.
pid_t streamer_started(test::EventStream& events) {
  for (;;)
    if (const auto event = events.next_of("child.started"); event.data["child"] == "stream")
      return event.data["data"]["pid"].get<pid_t>();
}

Json await_stream(test::WebSocketClient& socket, const std::string& state) {
  for (;;)
    if (auto message = socket.next_of("stream"); message["state"] == state) return message;
}

/// Kills it and returns when the kernel reports its end: tearing down its threads and memory is no
/// doing of ours, but is in every other figure.
void kill_and_reap(pid_t victim) {
  const UniqueFd end{static_cast<int>(::syscall(SYS_pidfd_open, victim, 0))};
  if (!end) throw std::system_error(errno, std::generic_category(), "pidfd_open");
  ::kill(victim, SIGKILL);
  pollfd waited{end.get(), POLLIN, 0};
  if (::poll(&waited, 1, 10'000) != 1) throw std::runtime_error("the streamer outlived its kill");
}

std::string epoch_of(test::Page& page) {
  return page.evaluate("document.body.dataset.epoch").get<std::string>();
}

void run(const std::string& path) {
  const test::TemporaryDirectory profiles;
  test::World world(test::World::Set{{"profiles.path", patient_profile(profiles.path())}});
  const auto session = world.start({{"profile", "patient"}});
  test::Chromium chromium;
  auto page = chromium.new_page(world.viewer(session.id, session.token));
  page.wait_for(test::is_live, 60s);
  world.wait_for_state(session.id, "ready");
  auto watcher = world.join(session.id, world.watch_token(session.id), "viewer");
  watcher.next_of("offer");

  auto events = world.events();
  std::vector<double> to_end;
  std::vector<double> to_news;
  std::vector<double> to_frame;
  for (int kill = 0; kill < kills; ++kill) {
    // As a stream that ran for a while: its viewers are at rest and its standby is there.
    std::this_thread::sleep_for(between);
    const auto victim = streamer_started(events);
    const auto epoch = epoch_of(page);
    const bench::Stopwatch watch;
    kill_and_reap(victim);
    to_end.push_back(watch.ms());
    await_stream(watcher, "restarting");
    to_news.push_back(watch.ms());
    page.wait_for("Number(document.body.dataset.epoch) > " + epoch, 60s);
    to_frame.push_back(watch.ms());
    watcher.next_of("offer");
  }
  bench::Report report("crash_signal", "From kill -9 of the streamer");
  report.add("until the kernel tells of its end", "ms", to_end);
  report.add("to the news at the viewer", "ms", to_news, {.p50 = 3, .p99 = 15});
  report.add("to the next decoded frame", "ms", to_frame, {.p50 = 400});
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::benchmark_main(count, arguments, "crash_signal.json", run);
}
